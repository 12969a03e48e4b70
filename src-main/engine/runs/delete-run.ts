// A run that is not wanted any more, with what only it can use.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemError } from '../../../shared/errors.ts';
import { takeLock } from '../../files/folder-lock.ts';
import { runNames } from '../home.ts';
import type { Home } from '../home.ts';
import { bytesBelow } from '../storage.ts';
import { vectorsOf } from '../vectors/embedding-folders.ts';

export interface RunPlaces {
  /** The folder of the run, and those of vectors that no other run could have made. */
  readonly places: readonly string[];
  /** What they take on the disk. */
  readonly bytes: number;
}

/** What goes with a run of the home, by name. */
export async function placesOfRun(home: Home, name: string): Promise<RunPlaces> {
  const places = [join(home.runs, name), ...vectorsOf(home, name, runNames(home))];
  const sizes = await Promise.all(places.map(bytesBelow));
  return { places, bytes: sizes.reduce((sum, one) => sum + one, 0) };
}

/**
 * Deletes the folder of a run, and the vectors that were made with it: without its checkpoints nothing can be looked up in them. Returns
 * the bytes that are free again. Throws `locked` while a process trains it, `not-writable`.
 */
export async function deleteRunFolder(home: Home, name: string): Promise<number> {
  const { places, bytes } = await placesOfRun(home, name);
  takeLock(join(home.runs, name)).dispose();
  try {
    for (const place of places) await rm(place, { recursive: true, force: true });
    return bytes;
  } catch (error) {
    throw systemError(error) ?? error;
  }
}
