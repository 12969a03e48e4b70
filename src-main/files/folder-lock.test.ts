import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { isHeldHere, removeLockOf, takeLock } from './folder-lock.ts';
import { ownCommand } from './own-command.ts';

describe('the lock of a folder', () => {
  let folder = '';
  const file = (): string => join(folder, 'lock');
  const holder = (changes: object): string =>
    JSON.stringify({ pid: process.pid, started: 1, host: hostname(), since: '2026-01-01T00:00:00.000Z', ...changes });
  /** Process numbers end at 2^22. */
  const nobody = 2 ** 22 + 1;

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'folder-lock-'))));
  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });

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

  /** What this process writes into its own lock. */
  function ownHolder(): Record<string, unknown> {
    const lock = takeLock(folder);
    const own = JSON.parse(readFileSync(file(), 'utf8')) as Record<string, unknown>;
    lock.dispose();
    return own;
  }
  const isTaken = (): boolean => {
    const held = isHeldHere(folder);
    if (held) expect(() => takeLock(folder)).toThrow('is in use');
    else takeLock(folder).dispose();
    return held;
  };
  const othersProcess = (): never => {
    throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' });
  };

  it.skipIf(process.platform !== 'linux')('is taken over where another user, or the system, has the number now', () => {
    for (const pid of [1, process.ppid]) {
      writeFileSync(file(), holder({ pid, started: 1e15 }));
      expect(isTaken()).toBe(false);
    }
    const own = ownHolder();
    vi.spyOn(process, 'kill').mockImplementation(othersProcess);
    writeFileSync(file(), holder({ ...own, started: Number(own['started']) + 1 }));
    expect(isTaken()).toBe(false);
    // Another user may hold it all the same, as after sudo.
    writeFileSync(file(), holder(own));
    expect(isTaken()).toBe(true);
  });

  it('is taken over where it is older than the system has run, if nothing else tells a process from one that has its number now', () => {
    const before = (ms: number): string => new Date(Date.now() - ms).toISOString();
    const isUp = 1000 * uptime();
    for (const kill of [() => true as const, othersProcess]) {
      vi.spyOn(process, 'kill').mockImplementation(kill);
      // No such process is to be looked at.
      for (const [since, isHeld] of [
        [before(isUp + 120_000), false],
        [before(isUp + 30_000), true],
        [before(0), true],
      ] as const) {
        writeFileSync(file(), holder({ pid: nobody, started: 0, since }));
        expect(isTaken()).toBe(isHeld);
      }
    }
  });

  it('is not taken over because the clock was set, if it says how long the system had run', () => {
    expect(ownHolder()['up']).toBeCloseTo(uptime(), -1);
    // Nothing else tells one process from another there.
    vi.spyOn(process, 'kill').mockImplementation(() => true as const);
    const since = '2020-01-01T00:00:00.000Z';
    for (const [up, isHeld] of [
      [uptime() + 120, false],
      [uptime(), true],
      [uptime() / 2, true],
    ] as const) {
      writeFileSync(file(), holder({ pid: nobody, started: 0, since, up }));
      expect(isTaken()).toBe(isHeld);
    }
  });

  it('of this computer is known in another network, and under another name while the system runs', () => {
    const own = ownHolder();
    const elsewhere = `${hostname().split('.')[0]!.toUpperCase()}.another.network`;
    writeFileSync(file(), holder({ ...own, host: elsewhere }));
    expect(() => takeLock(folder)).toThrow(`process ${process.pid} (`);
    writeFileSync(file(), holder({ ...own, host: elsewhere, boot: undefined, pid: nobody }));
    expect(isTaken()).toBe(false);
    if (process.platform !== 'linux') return;
    writeFileSync(file(), holder({ ...own, host: 'renamed', pid: nobody }));
    expect(isTaken()).toBe(false);
    // Of the same name, in another domain.
    writeFileSync(file(), holder({ ...own, host: elsewhere, boot: 'another', machine: 'another', pid: nobody }));
    expect(isHeldHere(folder)).toBe(false);
    expect(() => takeLock(folder)).toThrow(`on ${elsewhere}`);
  });

  it('is given back for a process that the system still has, and for no other one', () => {
    const lock = takeLock(folder);
    removeLockOf(nobody, folder);
    expect(isHeldHere(folder)).toBe(true);
    removeLockOf(process.pid, folder);
    expect(readdirSync(folder)).toEqual([]);
    removeLockOf(process.pid, folder);
    lock.dispose();
    writeFileSync(file(), holder({ host: 'elsewhere' }));
    removeLockOf(process.pid, folder);
    expect(readdirSync(folder)).toEqual(['lock']);
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
