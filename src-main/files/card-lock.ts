// Programs of one user that compute on the graphics card of a computer, whatever their homes: each says so in a file while it does.
import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isHeldHere, takeLock } from './folder-lock.ts';
import type { FolderLock } from './folder-lock.ts';

/** Elsewhere than on Linux everybody has a folder of their own for such files. */
const folder = (): string => join(tmpdir(), `ijepa-studio-card-${process.getuid?.() ?? 'user'}`);

/** Whether it is there and nobody else's: anybody may have made a folder of that name. */
function isOwn(place: string): boolean {
  const found = lstatSync(place, { throwIfNoEntry: false });
  return found?.isDirectory() === true && (process.getuid === undefined || found.uid === process.getuid());
}

/** The files of others, by the numbers of their processes. */
const others = (place: string): readonly string[] =>
  isOwn(place) ? readdirSync(place).filter((name) => /^\d+$/.test(name) && name !== String(process.pid)) : [];

/** No work fails for want of it, on a full disk or where nothing may be written. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function take(): FolderLock | undefined {
  const place = folder();
  mkdirSync(place, { recursive: true, mode: 0o700 });
  if (!isOwn(place)) return undefined;
  for (const name of others(place)) if (!isHeldHere(place, name)) rmSync(join(place, name), { force: true });
  return takeLock(place, String(process.pid));
}

let lock: FolderLock | undefined;
/** Pieces of work of this program that are on the card. */
let works = 0;

/** Says that this program computes on the card, until the returned function is called. */
export function holdCard(): () => void {
  if (works++ === 0) lock = attempt(take);
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    if (--works > 0) return;
    attempt(() => lock?.dispose());
    lock = undefined;
  };
}

/** Whether another program of this user computes on the card now. */
export function isCardHeldElsewhere(): boolean {
  const place = folder();
  return attempt(() => others(place).some((name) => isHeldHere(place, name))) ?? false;
}
