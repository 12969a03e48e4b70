// One process works in a folder. A lock file names its process; the lock of a process that has died is taken over.
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../shared/errors.ts';

interface Holder {
  readonly pid: number;
  /** Clock ticks since boot at which the process started (Linux), so that a reused number is not mistaken for it; else 0. */
  readonly started: number;
  readonly host: string;
  readonly since: string;
}

export interface FolderLock {
  dispose(): void;
}

function startOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]); // field 22; the name in brackets may hold spaces
  } catch {
    return 0;
  }
}

function isAlive({ pid, started, host }: Holder): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return startOf(pid) === started;
}

function readHolder(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

/** Takes the lock of a folder. Throws `locked`, saying who holds it. */
export function takeLock(folder: string, name = 'lock'): FolderLock {
  const file = join(folder, name);
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const handle = openSync(file, 'wx');
      writeSync(
        handle,
        JSON.stringify({
          pid: process.pid,
          started: startOf(process.pid),
          host: hostname(),
          since: new Date().toISOString(),
        } satisfies Holder),
      );
      closeSync(handle);
      return { dispose: () => rmSync(file, { force: true }) };
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      const holder = readHolder(file);
      if (holder && isAlive(holder)) {
        const where = holder.host === hostname() ? '' : ` on ${holder.host}`;
        throw new AppError(
          'locked',
          `${folder} is in use by process ${holder.pid}${where} since ${holder.since}.`,
          `Stop that process first; if it is gone, delete ${file}.`,
        );
      }
      rmSync(file, { force: true });
    }
  }
  throw new AppError('locked', `${folder} is being opened by another process.`, 'Try again in a moment.');
}
