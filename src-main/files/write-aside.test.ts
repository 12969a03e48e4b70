import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AsideFile, syncFolder, writeAside, writeFileAside } from './write-aside.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'write-aside-'))));
afterEach(() => rmSync(folder, { recursive: true }));

it('replaces a file as a whole', () => {
  const path = join(folder, 'a.json');
  writeFileAside(path, 'first');
  writeFileAside(path, Uint8Array.of(111, 107));
  expect(readFileSync(path, 'utf8')).toBe('ok');
  expect(readdirSync(folder)).toEqual(['a.json']);
});

it('leaves the file as it was, and nothing beside it, when writing fails', () => {
  const path = join(folder, 'a.json');
  writeFileAside(path, 'first');
  expect(() =>
    writeAside(path, (handle) => {
      writeSync(handle, 'half of the');
      throw new Error('the disk is full');
    }),
  ).toThrow('the disk is full');
  expect(readFileSync(path, 'utf8')).toBe('first');
  expect(readdirSync(folder)).toEqual(['a.json']);
});

it('keeps two writers of one file apart: the last to end has it, whole', () => {
  const path = join(folder, 'a.json');
  const [one, two] = [new AsideFile(path), new AsideFile(path)];
  one.write(Buffer.from('of the first'));
  two.write(Buffer.from('second'));
  two.keep();
  one.keep();
  expect(readFileSync(path, 'utf8')).toBe('of the first');
  expect(readdirSync(folder)).toEqual(['a.json']);
});

it('leaves nothing beside a place that it cannot take', () => {
  const path = join(folder, 'a.json');
  mkdirSync(join(path, 'in the way'), { recursive: true });
  expect(() => writeFileAside(path, 'first')).toThrow(/EISDIR|ENOTEMPTY|EEXIST|EPERM|EACCES/);
  expect(readdirSync(folder)).toEqual(['a.json']);
  expect(readdirSync(path)).toEqual(['in the way']);
});

it('says when there is no such folder, and syncing one is only tried', () => {
  expect(() => writeFileAside(join(folder, 'none', 'a.json'), '')).toThrow('ENOENT');
  expect(() => syncFolder(join(folder, 'none'))).not.toThrow();
});
