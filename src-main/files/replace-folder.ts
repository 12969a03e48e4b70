// A folder takes the place of another in two moves: what is there is whole, old or new, also where a program holds a file of the old one.
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export interface FolderMoves {
  readonly move: (from: string, to: string) => void;
  readonly remove: (folder: string) => void;
}

const usualMoves: FolderMoves = { move: renameSync, remove: (folder) => rmSync(folder, { recursive: true, force: true }) };

/** Folders that were replaced have this in their name until they are gone. */
const replaced = '.replaced-';

/** What is left of earlier ones, and can be removed by now. */
function removeReplaced(place: string, remove: FolderMoves['remove']): void {
  const beginning = `${basename(place)}${replaced}`;
  for (const name of readdirSync(dirname(place)).filter((one) => one.startsWith(beginning))) {
    try {
      remove(join(dirname(place), name));
    } catch {
      // Windows removes no library that a process has loaded: the next time.
    }
  }
}

/**
 * Puts the folder `aside` in the place of another, or where nothing is yet; both lie on one disk. Throws the operating system's error where
 * the old one cannot be moved, as on Windows while a process has a library of it loaded, or the new one cannot: then the old one is where it was.
 */
export function replaceFolder(aside: string, place: string, { move, remove }: FolderMoves = usualMoves): void {
  mkdirSync(dirname(place), { recursive: true });
  const old = existsSync(place) ? `${place}${replaced}${randomUUID()}` : undefined;
  if (old !== undefined) move(place, old);
  try {
    move(aside, place);
  } catch (error) {
    if (old !== undefined) move(old, place);
    throw error;
  }
  removeReplaced(place, remove);
}
