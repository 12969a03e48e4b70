import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { isHeldHere, takeLock } from './folder-lock.ts';
import { ownCommand } from './own-command.ts';

describe('the lock of a folder', () => {
  let folder = '';
  const file = (): string => join(folder, 'lock');
  const holder = (changes: object): string =>
    JSON.stringify({ pid: process.pid, started: 1, host: hostname(), since: '2026-01-01T00:00:00.000Z', ...changes });
  /** Process numbers end at 2^22. */
  const nobody = 2 ** 22 + 1;

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'folder-lock-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is held by one at a time and names its holder', () => {
    const lock = takeLock(folder);
    expect(() => takeLock(folder)).toThrow(`is in use by process ${process.pid} (${ownCommand()})`);
    expect(takeLock(folder, 'another')).toBeDefined();
    lock.dispose();
    takeLock(folder).dispose();
    expect(readdirSync(folder)).toEqual(['another']);
  });

  it('is seen without being taken, where a living process of this computer holds it', () => {
    expect(isHeldHere(folder)).toBe(false);
    const lock = takeLock(folder);
    expect([isHeldHere(folder), isHeldHere(folder, 'another')]).toEqual([true, false]);
    lock.dispose();
    for (const changes of [{ pid: nobody }, { started: 1 }, { host: 'another computer' }]) {
      writeFileSync(file(), holder(changes));
      expect(isHeldHere(folder)).toBe(false);
    }
  });

  it.each([
    ['a process that is gone', { pid: nobody }],
    ['a process whose number another has now', { started: 1 }],
  ])('is taken over from %s', (_, changes) => {
    writeFileSync(file(), holder(changes));
    const lock = takeLock(folder);
    expect(readFileSync(file(), 'utf8')).toContain(`"pid":${process.pid}`);
    lock.dispose();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of another computer is left alone, and the hint says what to do', () => {
    writeFileSync(file(), holder({ host: 'elsewhere', pid: nobody }));
    let error: unknown;
    try {
      takeLock(folder);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: 'locked', hint: expect.stringContaining(`delete ${file()}`) as unknown });
    expect((error as AppError).message).toContain('on elsewhere');
  });

  it('that is just being written counts as held; one that a power cut emptied does not', () => {
    writeFileSync(file(), '');
    expect(() => takeLock(folder)).toThrow('is being opened by another process');
    utimesSync(file(), 1, 1);
    takeLock(folder).dispose();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('needs a folder', () => {
    expect(() => takeLock(join(folder, 'none'))).toThrow('ENOENT');
  });
});
