// What is known of whether a run's network has learned from the images of a folder.
import { join } from 'node:path';
import { AppError } from '../../../shared/errors.ts';
import type { History } from '../../evaluation/report-notes.ts';
import { inPieces } from '../../files/in-pieces.ts';
import { isBelow } from '../../files/is-below.ts';
import { countContentsOf } from '../../library/content-images.ts';
import { findFolder, wasReadThrough } from '../../library/folders.ts';
import { readRecord } from '../../training/run-folder/run-folder.ts';
import type { RunRecord } from '../../training/run-folder/run-folder.ts';
import { readEvents } from '../../training/run-folder/run-log.ts';
import type { Studio } from '../studio.ts';

function recordOf(run: string): RunRecord | undefined {
  try {
    return readRecord(run);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

/** The folders that a run, and whatever it began with, learned from; `isAll`: whether those are known back to its first weights. */
function foldersBehind(runs: string, first: RunRecord): { readonly folders: ReadonlySet<string>; readonly isAll: boolean } {
  const folders = new Set<string>();
  // A chain of records cannot be longer than there are steps back in time.
  const seen = new Set<string>();
  for (let record = first; ;) {
    // Imported weights have no folder.
    if (record.folder !== '') folders.add(record.folder);
    if (!record.from) return { folders, isAll: true };
    const { run: name } = record.from;
    const origin = seen.has(name) ? undefined : recordOf(join(runs, name));
    // A name may be used again: what was begun with is no younger.
    if (!origin || !(Date.parse(origin.created) <= Date.parse(record.created))) return { folders, isAll: false };
    seen.add(name);
    record = origin;
  }
}

/** A folder of images as it is now. */
export interface FolderNow extends Required<Pick<RunRecord, 'fingerprint' | 'labels'>> {
  /** Of its contents, each once. */
  readonly hashes: readonly string[];
}

/**
 * `here` of the folder that the run learned from, `changed` when its images, labels or splits are other ones by now. `unknown` where it
 * shares images with that folder, or with one that the weights which it began with learned from, by place or by content (`common`: how many
 * contents), or where nobody knows any more what was in those, or which they were. `now`: of `root`, as a record has it. Rejects with `cancelled`.
 */
export async function learnedFrom(
  { home, library }: Pick<Studio, 'home' | 'library'>,
  run: string,
  root: string,
  now: FolderNow,
  signal?: AbortSignal,
): Promise<Pick<History, 'learned'> & Partial<Pick<History, 'common'>>> {
  const record = readRecord(run);
  if (record.folder === root) {
    const { fingerprint, labels = now.labels } = record;
    return { learned: fingerprint === now.fingerprint && labels === now.labels ? 'here' : 'changed' };
  }
  const { folders, isAll } = foldersBehind(home.runs, record);
  const catalogued = [...folders].flatMap((path) => findFolder(library, path) ?? []);
  const places = catalogued.map(({ id }) => id);
  const common = await inPieces(countContentsOf(library, places, now.hashes), signal);
  if (common > 0) return { learned: 'unknown', common };
  const isApart = [...folders].every((folder) => !isBelow(folder, root) && !isBelow(root, folder));
  const isKnown = isAll && catalogued.length === folders.size && places.every((id) => wasReadThrough(library, id));
  return { learned: isApart && isKnown ? 'elsewhere' : 'unknown' };
}

/** Whether choices of a run were made on images that an earlier version chose by their rank, in a folder without a split. */
export function wasChosenOtherwise(run: string): boolean {
  for (const { asked, whitened } of readEvents(run, 'evaluation')) if (asked === undefined && whitened.knn !== undefined) return true;
  return false;
}
