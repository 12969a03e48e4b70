import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Bundle } from './bundle.ts';

let root: string;
let target: string;
let cases = 0;
beforeAll(() => void (root = mkdtempSync(join(tmpdir(), 'bundle-'))));
beforeEach(() => void (target = join(root, String(cases++), 'made', 'on the way')));
afterAll(() => rmSync(root, { recursive: true }));

const manifest = (): Record<string, unknown> => JSON.parse(readFileSync(join(target, 'manifest.json'), 'utf8')) as Record<string, unknown>;

async function exported(names: readonly string[], content = 'x'): Promise<void> {
  const bundle = Bundle.open(target);
  for (const name of names) writeFileSync(bundle.file(name), content);
  await bundle.finish({ run: 'r' });
}

it('describes its files with sizes and hashes', async () => {
  await exported(['a.npy', 'folder/b.json'], 'some bytes');
  const sha256 = createHash('sha256').update('some bytes').digest('hex');
  expect(manifest()).toEqual({
    format: 'ijepa-studio-export',
    version: 1,
    complete: true,
    run: 'r',
    files: [
      { path: 'a.npy', bytes: 10, sha256 },
      { path: 'folder/b.json', bytes: 10, sha256 },
    ],
  });
});

it('replaces an earlier export and takes away what the new one lacks', async () => {
  await exported(['a', 'old/b'], 'first');
  await exported(['a', 'c'], 'second');
  expect(readdirSync(target).toSorted()).toEqual(['a', 'c', 'manifest.json', 'old']);
  expect(readdirSync(join(target, 'old'))).toEqual([]);
  expect(readFileSync(join(target, 'a'), 'utf8')).toBe('second');
});

it('adds to an earlier export that goes with it, and says all files in one manifest', async () => {
  await exported(['a', 'old/b'], 'first');
  const bundle = Bundle.open(target);
  for (const name of ['a', 'c']) writeFileSync(bundle.file(name), 'second');
  const finished = await bundle.finish({ step: 3 }, (earlier) => earlier['run'] === 'r');
  expect(finished.replaced).toBeUndefined();
  expect(finished.files.map(({ path }) => path)).toEqual(['old/b', 'a', 'c']);
  expect(manifest()).toMatchObject({ complete: true, run: 'r', step: 3, files: finished.files });
  expect(readFileSync(join(target, 'old', 'b'), 'utf8')).toBe('first');
});

it('says what it replaced', async () => {
  await exported(['a', 'b'], 'first');
  const bundle = Bundle.open(target);
  writeFileSync(bundle.file('a'), 'second');
  const { replaced } = await bundle.finish({ run: 's' }, (earlier) => earlier['run'] === 's');
  expect(replaced).toEqual({ description: { run: 'r' }, removed: ['b'] });
});

it('is still its own after a crash in the middle', async () => {
  await exported(['a']);
  writeFileSync(Bundle.open(target).file('b'), 'half an export');
  expect(manifest()).toMatchObject({ complete: false });
  await exported(['c']);
  expect(readdirSync(target).toSorted()).toEqual(['c', 'manifest.json']);
});

it.each<readonly [string, (folder: string) => void]>([
  ['a file', (folder) => writeFileSync(join(folder, 'thesis.txt'), 'mine')],
  ['a manifest of another program', (folder) => writeFileSync(join(folder, 'manifest.json'), '{"format":"chrome-extension"}')],
  ['a damaged manifest', (folder) => writeFileSync(join(folder, 'manifest.json'), '{')],
])('refuses a folder with %s and changes nothing', (_, fill) => {
  mkdirSync(target, { recursive: true });
  fill(target);
  const before = readdirSync(target).map((name) => readFileSync(join(target, name), 'utf8'));
  expect(() => Bundle.open(target)).toThrow('did not export');
  expect(readdirSync(target).map((name) => readFileSync(join(target, name), 'utf8'))).toEqual(before);
});

it('refuses a file as its folder, and to overwrite a file that came later', async () => {
  mkdirSync(join(target, '..'), { recursive: true });
  writeFileSync(target, '');
  expect(() => Bundle.open(target)).toThrow('is a file');
  rmSync(target);
  await exported(['a']);
  writeFileSync(join(target, 'b'), 'mine');
  expect(() => Bundle.open(target).file('b')).toThrow('not of an earlier export');
  expect(readFileSync(join(target, 'b'), 'utf8')).toBe('mine');
});

it('never deletes outside of its folder, whatever its manifest says', async () => {
  await exported(['a']);
  const outside = join(target, '..', 'outside.txt');
  writeFileSync(outside, 'mine');
  const files = ['../outside.txt', outside, '..\\outside.txt', 'a/../../outside.txt'].map((path) => ({ path }));
  writeFileSync(join(target, 'manifest.json'), JSON.stringify({ ...manifest(), files }));
  rmSync(join(target, 'a'));
  await exported(['c']);
  expect(existsSync(outside)).toBe(true);
});
