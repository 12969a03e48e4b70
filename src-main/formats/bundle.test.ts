import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { placeLockFile } from '../files/place-lock.ts';
import { anotherHoldsPlace } from '../files/testing/other-program.ts';
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
  bundle.dispose();
}

/** Another export, which gets as far as these files. */
function begun(names: readonly string[], content: string): Bundle {
  const bundle = Bundle.open(target);
  for (const name of names) writeFileSync(bundle.file(name), content);
  bundle.dispose();
  return bundle;
}
const ofTheSame = (earlier: Readonly<Record<string, unknown>>): boolean => earlier['run'] === 'r';

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
  const finished = await bundle.finish({ step: 3 }, ofTheSame);
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
  begun(['b'], 'half an export');
  expect(manifest()).toMatchObject({ complete: false });
  await exported(['c']);
  expect(readdirSync(target).toSorted()).toEqual(['c', 'manifest.json']);
});

it('is added to after a crash in the middle of another, whose files are taken away', async () => {
  await exported(['a', 'over', 'same'], 'first');
  begun(['over', 'half'], 'second');
  begun(['same'], 'first');
  const finished = await begun(['c'], 'third').finish({ run: 'r' }, ofTheSame);
  expect(finished.replaced).toBeUndefined();
  expect(finished.files.map(({ path }) => path)).toEqual(['a', 'same', 'c']);
  expect(readdirSync(target).toSorted()).toEqual(['a', 'c', 'manifest.json', 'same']);
  expect(manifest()).toMatchObject({ complete: true, run: 'r' });
});

it('is as it was when another is abandoned, and what that wrote is gone', async () => {
  await exported(['a', 'old/b'], 'first');
  const before = readFileSync(join(target, 'manifest.json'), 'utf8');
  await begun(['a', 'new/c'], 'first').abandon();
  expect(readFileSync(join(target, 'manifest.json'), 'utf8')).toBe(before);
  expect(readdirSync(target).toSorted()).toEqual(['a', 'manifest.json', 'old']);
  // What it had written over with something else cannot come back: the manifest lists it no longer, and the rest can be added to.
  await begun(['a'], 'second').abandon();
  expect(manifest()).toMatchObject({ complete: true, run: 'r', files: [{ path: 'old/b', bytes: 5 }] });
  expect(existsSync(join(target, 'a'))).toBe(false);
  const { replaced } = await begun(['c'], 'third').finish({ run: 'r' }, ofTheSame);
  expect(replaced).toBeUndefined();
});

it('takes away what an export that was killed in the middle of a file has left beside it', async () => {
  await exported(['a', 'old/b'], 'first');
  begun(['a', 'new/c.onnx'], 'second');
  // As `AsideFile` calls them: of a process that is gone, of this one, and of one that lives.
  const part = (pid: number): string => `${pid}-0-7.part`;
  const left = [
    `a.${part(999_999_999)}`,
    `new/c.onnx.${part(999_999_999)}`,
    `new/c.onnx.${part(process.pid)}`,
    `manifest.json.${part(999_999_999)}`,
  ];
  const others = [`a.${part(process.ppid)}`, `d.${part(999_999_999)}`, 'a.x.part', 'new/c.onnx.part', 'new/cXonnx.1-1-1.part'];
  for (const name of [...left, ...others]) writeFileSync(join(target, name), 'half');
  Bundle.open(target).dispose();
  expect(left.filter((name) => existsSync(join(target, name)))).toEqual([]);
  expect(others.filter((name) => existsSync(join(target, name)))).toEqual(others);
});

it('that is abandoned takes away what a thread of it has left half written', async () => {
  const bundle = Bundle.open(target);
  const path = bundle.file('new/c.onnx');
  writeFileSync(`${path}.${process.pid}-9-1.part`, 'half');
  await bundle.abandon();
  expect(existsSync(target)).toBe(false);
});

it('takes away what is left half written beside a finished export', async () => {
  await exported(['a', 'b']);
  const left = ['a', 'b', 'manifest.json'].map((name) => `${name}.999999999-0-7.part`);
  for (const name of left) writeFileSync(join(target, name), 'half');
  // As one that Windows has in use: it is left, and the export goes on.
  rmSync(join(target, left[0]!));
  mkdirSync(join(target, left[0]!));
  Bundle.open(target).dispose();
  expect(left.filter((name) => existsSync(join(target, name)))).toEqual([left[0]]);
});

it('that is abandoned takes away all that it can, and says what is left', async () => {
  const bundle = begun(['a', 'b', 'new/c'], 'half');
  const part = join(target, `b.${process.pid}-0-7.part`);
  writeFileSync(part, 'half');
  // Neither can be deleted as the file that it should be, as those that Windows has in use.
  rmSync(join(target, 'a'));
  mkdirSync(join(target, 'a'));
  mkdirSync(join(target, `a.${process.pid}-0-7.part`));
  await expect(bundle.abandon()).rejects.toThrow();
  expect([join(target, 'b'), join(target, 'new/c'), part].some((path) => existsSync(path))).toBe(false);
  expect(manifest()).toMatchObject({ complete: false });
  rmSync(join(target, 'a'), { recursive: true });
  rmSync(join(target, `a.${process.pid}-0-7.part`), { recursive: true });
  await exported(['d']);
  expect(manifest()).toMatchObject({ complete: true, files: [{ path: 'd' }] });
});

it('of which nothing is left leaves no folder', async () => {
  await begun(['a', 'new/c'], 'first').abandon();
  expect(existsSync(target)).toBe(false);
});

it('has its folder alone while it is written, by whatever name that goes', async () => {
  await exported(['a']);
  const link = join(root, `link ${cases}`);
  symlinkSync(target, link, 'junction');
  const bundle = Bundle.open(target);
  for (const place of [target, link]) expect(() => Bundle.open(place)).toThrow('Another export is being written');
  bundle.dispose();
  Bundle.open(link).dispose();
});

it('is not begun while another program writes one there, and goes on where that is gone', async () => {
  await exported(['a']);
  const place = realpathSync.native(target);
  const end = anotherHoldsPlace(place);
  const link = join(root, `other link ${cases}`);
  symlinkSync(target, link, 'junction');
  for (const one of [target, link])
    expect(() => Bundle.open(one)).toThrow(
      expect.objectContaining({
        code: 'locked',
        message: expect.stringContaining(`written to ${one} by process ${process.ppid}`) as unknown,
        hint: expect.stringMatching(/^Give another folder\. .*delete /) as unknown,
      }),
    );
  expect(manifest()).toMatchObject({ complete: true });
  end();
  const bundle = Bundle.open(target);
  // It says so itself, and no file of it lies in the folder.
  expect([existsSync(placeLockFile(place)), readdirSync(target).toSorted()]).toEqual([true, ['a', 'manifest.json']]);
  bundle.dispose();
  expect(existsSync(placeLockFile(place))).toBe(false);
  writeFileSync(join(target, 'manifest.json'), '{');
  expect(() => Bundle.open(target)).toThrow('did not export');
  expect(existsSync(placeLockFile(place))).toBe(false);
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
  const bundle = Bundle.open(target);
  expect(() => bundle.file('b')).toThrow('not of an earlier export');
  bundle.dispose();
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
