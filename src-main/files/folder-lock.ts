// One process works in a folder. A lock file names its process; the lock of a process that has died is taken over.
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { howToEnd, ownCommand } from './own-command.ts';

interface Holder {
  readonly pid: number;
  /** Clock ticks since boot at which the process started (Linux), so that a reused number is not mistaken for it; else 0. */
  readonly started: number;
  readonly host: string;
  readonly since: string;
  /** As `ownCommand` says it; earlier versions wrote none. */
  readonly command?: string;
}

export interface FolderLock {
  dispose(): void;
}

function startOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' '); // from field 3 on; the name in brackets may hold spaces
    return fields[0] === 'Z' || fields[0] === 'X' ? -1 : Number(fields[19]); // dead, only not yet buried by its parent
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

/** Whether a living process of this computer holds the lock of a folder. */
export function isHeldHere(folder: string, name = 'lock'): boolean {
  const holder = readHolder(join(folder, name));
  return holder !== undefined && holder.host === hostname() && isAlive(holder);
}

/** Milliseconds for which an unreadable lock is taken for one that is just being written. */
const writingMs = 2000;

function age(file: string): number {
  const made = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  return made === undefined ? Infinity : Date.now() - made;
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

/** Makes the file whole and at once, so that nobody reads it half written. Throws EEXIST when there is one. */
function createWhole(file: string, text: string): void {
  const aside = `${file}.${process.pid}.part`;
  try {
    writeFileSync(aside, text);
    linkSync(aside, file);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EISDIR'].includes(String(codeOf(error)))) throw error;
    writeFileSync(file, text, { flag: 'wx' }); // a file system without hard links
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Removes the lock of a dead process, unless another has taken its place in the meantime. */
function removeDead(file: string, dead: Holder | undefined): void {
  const away = `${file}.${process.pid}.part`;
  try {
    renameSync(file, away);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  const moved = readHolder(away);
  if (moved && JSON.stringify(moved) !== JSON.stringify(dead)) renameSync(away, file);
  else rmSync(away, { force: true });
}

/** Takes the lock of a folder. Throws `locked`, saying who holds it. */
export function takeLock(folder: string, name = 'lock'): FolderLock {
  const file = join(folder, name);
  const own = {
    pid: process.pid,
    started: startOf(process.pid),
    host: hostname(),
    since: new Date().toISOString(),
    command: ownCommand(),
  } satisfies Holder;
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      createWhole(file, JSON.stringify(own));
      return { dispose: () => rmSync(file, { force: true }) };
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      const holder = readHolder(file);
      if (!holder && age(file) < writingMs) continue;
      if (holder && isAlive(holder)) {
        const where = holder.host === hostname() ? '' : ` on ${holder.host}`;
        const what = holder.command === undefined ? '' : ` (${holder.command})`;
        throw new AppError(
          'locked',
          `${folder} is in use by process ${holder.pid}${where}${what}, since ${holder.since}.`,
          `${howToEnd(holder.pid, holder.host)}. If it is gone, delete ${file}.`,
        );
      }
      removeDead(file, holder);
    }
  }
  throw new AppError('locked', `${folder} is being opened by another process.`, 'Try again in a moment.');
}
