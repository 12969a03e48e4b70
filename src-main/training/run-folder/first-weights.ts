// The weights of another run that a run begins with, in its own folder until its first checkpoint holds them: while it waits for its
// turn the other run may go on, and prune the checkpoint, or be renamed or deleted.
import { existsSync, rmSync } from 'node:fs';
import { constants, copyFile, link, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, systemError } from '../../../shared/errors.ts';

const placeIn = (run: string): string => join(run, 'first-weights.safetensors');

/**
 * Takes a checkpoint into a run's folder: as one more name of the file, which no program of ours ever changes, or as a copy where
 * a file cannot have two. Throws `not-found` when it is gone, `disk-full`, `not-writable`.
 */
export async function keepFirstWeights(run: string, checkpoint: string): Promise<void> {
  const target = placeIn(run);
  try {
    await link(checkpoint, target).catch(async () => {
      // Never half there: what is left of a copy is removed with everything unfinished.
      await copyFile(checkpoint, `${target}.part`, constants.COPYFILE_FICLONE);
      await rename(`${target}.part`, target);
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new AppError('not-found', `The checkpoint ${checkpoint} is gone.`, 'Begin with another checkpoint of that run.', error);
    throw systemError(error) ?? error;
  }
}

/** Those that were kept; undefined in runs of versions that kept none, and once a checkpoint holds them. */
export const keptFirstWeights = (run: string): string | undefined => (existsSync(placeIn(run)) ? placeIn(run) : undefined);

export const dropFirstWeights = (run: string): void => rmSync(placeIn(run), { force: true });
