import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { placeLockFile, takePlace } from './place-lock.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'place-lock-'));
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) vi.stubEnv(name, folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const locks = (): string => dirname(placeLockFile('/here'));

it('a place is taken once, by what is said of it, and others at the same time', () => {
  const [here, there] = [takePlace('/here', 'It is written'), takePlace('/there', '')];
  expect(() => takePlace('/here', 'It is written')).toThrow(`It is written by process ${process.pid}`);
  expect(readdirSync(locks())).toHaveLength(2);
  here.dispose();
  takePlace('/here', '').dispose();
  there.dispose();
  expect(readdirSync(locks())).toEqual([]);
});

it('what a dead program has left is taken over', () => {
  takePlace('/here', '').dispose();
  // Process numbers end at 2^22.
  writeFileSync(placeLockFile('/here'), JSON.stringify({ pid: 2 ** 22 + 1, started: 1, host: hostname(), since: '' }));
  takePlace('/here', '').dispose();
  expect(readdirSync(locks())).toEqual([]);
});

it('nothing fails where there is no room for locks', () => {
  writeFileSync(locks(), 'a file');
  expect(() => takePlace('/here', '').dispose()).not.toThrow();
});
