// One process works in a folder. A lock file names its process; the lock of a process that has died is taken over.
import { linkSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname, uptime } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { howToEnd, ownCommand } from './own-command.ts';

interface Holder {
  readonly pid: number;
  /** Clock ticks since boot at which the process started (Linux), so that a reused number is not mistaken for it; else 0. */
  readonly started: number;
  readonly host: string;
  readonly since: string;
  /** Of the system's installation (Linux). Neither this nor what follows was written by earlier versions. */
  readonly machine?: string | undefined;
  /** Of the system since it was started, and of the processes that see each other's numbers (Linux). */
  readonly boot?: string | undefined;
  /** As `ownCommand` says it. */
  readonly command?: string;
  /** Seconds that the system had run when the lock was taken. */
  readonly up?: number;
  /** The process that it works for, where its work is of no use to anybody else. */
  readonly worksFor?: { readonly pid: number; readonly started: number } | undefined;
}

export interface FolderLock {
  dispose(): void;
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

function startOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' '); // from field 3 on; the name in brackets may hold spaces
    return fields[0] === 'Z' || fields[0] === 'X' ? -1 : Number(fields[19]); // dead, only not yet buried by its parent
  } catch {
    return 0;
  }
}

/** What `look` finds; undefined where the system has no such thing. */
function known(look: () => string): string | undefined {
  try {
    return look().trim() || undefined;
  } catch {
    return undefined;
  }
}

const ownMachine = (): string | undefined => known(() => readFileSync('/etc/machine-id', 'utf8'));
/** Containers share the first half, and each has numbers of its own for its processes. */
const ownBoot = (): string | undefined =>
  known(() => `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`);

/** A computer has another domain in every network. */
const firstLabel = (host: string): string => (isIP(host) > 0 ? host : host.split('.')[0]!.toLowerCase());

/**
 * Whether a lock was taken where its process number means the same as here. A name that has changed altogether is known to be of this
 * computer until the system is started anew: what is installed from one image may have the same number of its installation.
 */
function isFromHere({ host, machine, boot }: Holder): boolean {
  if (host === hostname() || (boot !== undefined && boot === ownBoot())) return true;
  const own = ownMachine();
  return firstLabel(host) === firstLabel(hostname()) && (machine === undefined || own === undefined || machine === own);
}

/** Seconds by which two looks at the system's time may disagree, and those by which it may disagree with the clock. */
const [uptimeSlack, clockSlack] = [2, 60];

/**
 * Whether the system is known to have been started since: no process of then is left. A clock may have been set, so that it is asked only
 * about locks of earlier versions, which say nothing else.
 */
const isFromBefore = ({ since, up }: Holder): boolean =>
  up === undefined ? Date.parse(since) / 1000 < Date.now() / 1000 - uptime() - clockSlack : uptime() < up - uptimeSlack;

function isAlive(holder: Holder): boolean {
  const { pid, started } = holder;
  if (!isFromHere(holder)) return true;
  let isOfOthers = false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // There is one, which is another user's: the holder, or whatever has its number now.
    isOfOthers = codeOf(error) === 'EPERM';
    if (!isOfOthers) return false;
  }
  const found = startOf(pid);
  // macOS and Windows do not tell when it was started, nor do all systems of other users' processes.
  if (found === 0 && (started === 0 || isOfOthers)) return !isFromBefore(holder);
  return found === started;
}

function readHolder(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

/** Whether somebody holds the lock of a folder; of another computer's process nobody knows whether it lives. */
export function isHeld(folder: string, name = 'lock'): boolean {
  const holder = readHolder(join(folder, name));
  return holder !== undefined && isAlive(holder);
}

/** Whether a living process of this computer holds the lock of a folder. */
export function isHeldHere(folder: string, name = 'lock'): boolean {
  const holder = readHolder(join(folder, name));
  return holder !== undefined && isFromHere(holder) && isAlive(holder);
}

const textOf = (file: string): string | undefined => known(() => readFileSync(file, 'utf8'));
/** A copy of a lock whose holder was left: it says nothing of any other lock. */
const leftFile = (file: string): string => `${file}.left`;

/** Notes that a process of this computer goes on without the one that it works for, in a folder that it holds. Where there is no room, there is no note. */
export function noteLeft(pid: number, folder: string, name = 'lock'): void {
  const file = join(folder, name);
  const text = textOf(file);
  const holder = readHolder(file);
  if (text === undefined || holder?.pid !== pid || !isFromHere(holder)) return;
  try {
    writeFileSync(leftFile(file), text);
  } catch {
    // It is seen by the death of the process that it works for.
  }
}

/** Whether a living process of this computer holds the lock of a folder, and the one that it works for has left it or is gone. */
export function isLeft(folder: string, name = 'lock'): boolean {
  const file = join(folder, name);
  const text = textOf(file);
  const holder = readHolder(file);
  if (!holder || !isFromHere(holder) || !isAlive(holder)) return false;
  const isAlone = holder.worksFor !== undefined && !isAlive({ ...holder, ...holder.worksFor });
  return isAlone || (text !== undefined && textOf(leftFile(file)) === text);
}

/** Whether the holder of a lock works for this process. */
export function isHeldForUs(folder: string, name = 'lock'): boolean {
  const holder = readHolder(join(folder, name));
  return holder?.worksFor?.pid === process.pid && holder.worksFor.started === startOf(process.pid) && isFromHere(holder);
}

/** Removes the lock of a process of this computer that is known to do nothing any more though the system still has it. */
export function removeLockOf(pid: number, folder: string, name = 'lock'): void {
  const file = join(folder, name);
  const holder = readHolder(file);
  if (holder?.pid === pid && isFromHere(holder)) removeDead(file, holder);
}

/** Milliseconds for which an unreadable lock is taken for one that is just being written. */
const writingMs = 2000;

function age(file: string): number {
  const made = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  return made === undefined ? Infinity : Date.now() - made;
}

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

/**
 * Takes the lock of a folder, for the process `worksFor` where that is another one. Throws `locked`, saying what is in use, where it is not the
 * folder itself, and who holds it.
 */
export function takeLock(folder: string, name = 'lock', isBusy = `${folder} is in use`, worksFor?: number): FolderLock {
  const file = join(folder, name);
  const own = {
    pid: process.pid,
    started: startOf(process.pid),
    host: hostname(),
    since: new Date().toISOString(),
    machine: ownMachine(),
    boot: ownBoot(),
    command: ownCommand(),
    up: uptime(),
    // One that is dead and not yet buried has no start.
    worksFor: worksFor === undefined ? undefined : { pid: worksFor, started: Math.max(0, startOf(worksFor)) },
  } satisfies Holder;
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      createWhole(file, JSON.stringify(own));
      return {
        dispose: () => {
          for (const one of [leftFile(file), file]) rmSync(one, { force: true });
        },
      };
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      const holder = readHolder(file);
      if (!holder && age(file) < writingMs) continue;
      if (holder && isAlive(holder)) {
        const isOurs = isFromHere(holder);
        const where = isOurs ? '' : ` on ${holder.host}`;
        const what = holder.command === undefined ? '' : ` (${holder.command})`;
        throw new AppError(
          'locked',
          `${isBusy} by process ${holder.pid}${where}${what}, since ${holder.since}.`,
          `${howToEnd(holder.pid, isOurs ? hostname() : holder.host)}. If it is gone, delete ${file}.`,
        );
      }
      removeDead(file, holder);
    }
  }
  throw new AppError('locked', `${folder} is being opened by another process.`, 'Try again in a moment.');
}
