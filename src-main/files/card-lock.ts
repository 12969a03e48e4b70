// Programs of one user that compute on the graphics card of a computer, whatever their homes: each says so in a file while it does.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isHeldForUs, isHeldHere, removeLockOf, takeLock } from './folder-lock.ts';
import type { FolderLock } from './folder-lock.ts';
import { isOwnFolder, ownTemporary } from './own-folder.ts';

/** Work that takes as long as it takes, or a test or trial of seconds, which measures the card and nobody need keep away from it for. */
export type CardUse = 'works' | 'measures';

/**
 * Where such files are: at IJEPA_STUDIO_CARDS, so that tests are not asked about this computer's programs, else where all programs of the user
 * find them.
 */
export const cardFolder = (): string => process.env['IJEPA_STUDIO_CARDS'] || ownTemporary('card');

/** A process and what it does there. */
const nameOf = (pid: number, use: CardUse): string => `${pid}-${use}`;

/** The files of others, of whatever use unless one is named. */
function others(place: string, wanted?: CardUse): readonly string[] {
  if (!isOwnFolder(place)) return [];
  return readdirSync(place).filter((name) => {
    const [, pid, use] = /^(\d+)-(works|measures)$/.exec(name) ?? [];
    return pid !== undefined && pid !== String(process.pid) && (wanted === undefined || use === wanted);
  });
}

/** No work fails for want of it, on a full disk or where nothing may be written. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function take(use: CardUse, worksFor: number | undefined): FolderLock | undefined {
  const place = cardFolder();
  mkdirSync(place, { recursive: true, mode: 0o700 });
  if (!isOwnFolder(place)) return undefined;
  for (const name of others(place)) if (!isHeldHere(place, name)) rmSync(join(place, name), { force: true });
  return takeLock(place, nameOf(process.pid, use), undefined, worksFor);
}

/** Pieces of work of this program that are on the card, by their use, and the file that says so. */
const held = { works: { count: 0, lock: undefined }, measures: { count: 0, lock: undefined } } as Record<
  CardUse,
  { count: number; lock: FolderLock | undefined }
>;

/**
 * Says that this program computes on the card, until the returned function is called. What it does for another process, `worksFor`, does not
 * stand in the way of that one, and is still said when that one has ended.
 */
export function holdCard(use: CardUse = 'works', worksFor?: number): () => void {
  const own = held[use];
  if (own.count++ === 0) own.lock = attempt(() => take(use, worksFor));
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    if (--own.count > 0) return;
    attempt(() => own.lock?.dispose());
    own.lock = undefined;
  };
}

/** Takes away what a process of this computer says that is known to do nothing any more though the system still has it. */
export function freeCardOf(pid: number): void {
  for (const use of ['works', 'measures'] as const) attempt(() => removeLockOf(pid, cardFolder(), nameOf(pid, use)));
}

/** Whether another program of this user computes on the card now, for this use where one is named; not one that does it for this one. */
export function isCardHeldElsewhere(use?: CardUse): boolean {
  const place = cardFolder();
  return attempt(() => others(place, use).some((name) => isHeldHere(place, name) && !isHeldForUs(place, name))) ?? false;
}
