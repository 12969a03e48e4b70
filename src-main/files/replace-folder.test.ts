import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { replaceFolder } from './replace-folder.ts';
import type { FolderMoves } from './replace-folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ijepa-replace-'));
  for (const name of ['old', 'new']) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'file'), name);
  }
  renameSync(join(folder, 'old'), join(folder, 'place'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const there = (): string => readFileSync(join(folder, 'place', 'file'), 'utf8');
const names = (): readonly string[] => readdirSync(folder).toSorted();
/** As Windows does while a library of the old folder is loaded. */
const held = (): never => {
  throw Object.assign(new Error('EPERM: operation not permitted'), { code: 'EPERM' });
};
const replace = (moves: Partial<FolderMoves> = {}): void =>
  replaceFolder(join(folder, 'new'), join(folder, 'place'), {
    move: renameSync,
    remove: (path) => rmSync(path, { recursive: true }),
    ...moves,
  });

it('the new folder takes the place of the old one, or an empty one, and nothing is left', () => {
  replace();
  expect([there(), names()]).toEqual(['new', ['place']]);
  renameSync(join(folder, 'place'), join(folder, 'new'));
  replace();
  expect([there(), names()]).toEqual(['new', ['place']]);
});

it('the old one stays whole where it cannot be moved, and comes back where the new one cannot', () => {
  expect(() => replace({ move: held })).toThrow('EPERM');
  expect([there(), names()]).toEqual(['old', ['new', 'place']]);
  const onlyOld = (from: string, to: string): void => (basename(from) === 'new' ? held() : renameSync(from, to));
  expect(() => replace({ move: onlyOld })).toThrow('EPERM');
  expect([there(), names()]).toEqual(['old', ['new', 'place']]);
});

it('an old one that cannot be removed yet is removed the next time', () => {
  replace({ remove: held });
  expect(there()).toBe('new');
  expect(names()).toHaveLength(2);
  mkdirSync(join(folder, 'new'));
  writeFileSync(join(folder, 'new', 'file'), 'newer');
  replace();
  expect([there(), names()]).toEqual(['newer', ['place']]);
});
