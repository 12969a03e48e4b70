// What is known of whether a run's network has learned from the images of a folder.
import { join } from 'node:path';
import { AppError } from '../../../shared/errors.ts';
import type { Acquaintance } from '../../evaluation/report.ts';
import { isBelow } from '../../files/is-below.ts';
import { readRecord } from '../../training/run-folder/run-folder.ts';
import type { RunRecord } from '../../training/run-folder/run-folder.ts';
import { readEvents } from '../../training/run-folder/run-log.ts';

function recordOf(run: string): RunRecord | undefined {
  try {
    return readRecord(run);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

/**
 * `here` of the folder that the run learned from, `changed` when its images, labels or splits are other ones by now. `unknown` where it
 * shares images with that folder, or with one that the weights which it began with learned from, or where nobody knows any more what that
 * was. `runs`: the folder of all runs; `now`: of `root`, as a record has them.
 */
export function learnedFrom(
  runs: string,
  run: string,
  root: string,
  now: Required<Pick<RunRecord, 'fingerprint' | 'labels'>>,
): Acquaintance {
  let record: RunRecord | undefined = readRecord(run);
  if (record.folder === root) {
    const { fingerprint, labels = now.labels } = record;
    return fingerprint === now.fingerprint && labels === now.labels ? 'here' : 'changed';
  }
  // A chain of records cannot be longer than there are steps back in time.
  for (const seen = new Set<string>(); record;) {
    // Imported weights have no folder.
    if (record.folder !== '' && (isBelow(record.folder, root) || isBelow(root, record.folder))) return 'unknown';
    if (!record.from) return 'elsewhere';
    const { run: name } = record.from;
    if (seen.has(name)) return 'unknown';
    seen.add(name);
    record = recordOf(join(runs, name));
  }
  return 'unknown';
}

/** Whether choices of a run were made on images that an earlier version chose by their rank, in a folder without a split. */
export function wasChosenOtherwise(run: string): boolean {
  for (const { asked, whitened } of readEvents(run, 'evaluation')) if (asked === undefined && whitened.knn !== undefined) return true;
  return false;
}
