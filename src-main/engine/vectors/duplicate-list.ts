// Duplicates as a table that spreadsheets and scripts read.
import { join } from 'node:path';
import { keptImage, mostFilesShown } from '../../../shared/contract/duplicate-terms.ts';
import { systemError } from '../../../shared/errors.ts';
import { inPieces } from '../../files/in-pieces.ts';
import type { Pieces } from '../../files/in-pieces.ts';
import { writeFileAside } from '../../files/write-aside.ts';
import { beginsWithRecord, csvLine } from '../../library/csv.ts';
import { displayName } from '../../library/file-names.ts';
import type { Studio } from '../studio.ts';
import { requireTableTarget } from '../write-target.ts';
import type { DuplicateGroup } from './duplicates.ts';
import { pieceImages } from './embedded-images.ts';

export const relationNames = { file: 'same file', picture: 'same picture', similar: 'very similar' } as const;
const columns = ['group', 'file', 'keep', 'relation', 'similarity', 'width', 'height', 'bytes', 'modified'];

/** The image of a group that is kept, as `keptImage`. */
export const keptOf = (group: DuplicateGroup, chosen: ReadonlyMap<number, number>): number =>
  keptImage(
    group.map(({ image }) => image),
    chosen,
  );

/** The files of a group that are answered: the first, and in any case the one that is kept. */
export function shownOf(group: DuplicateGroup, chosen: ReadonlyMap<number, number>): DuplicateGroup {
  const shown = group.slice(0, mostFilesShown);
  const kept = keptOf(group, chosen);
  if (shown.some(({ image }) => image === kept)) return shown;
  return [...shown.slice(0, -1), ...group.filter(({ image }) => image === kept)];
}

/** A line for each file, the header first; groups are numbered from 1, their files by `root`. */
export function* duplicateLines(root: string, groups: readonly DuplicateGroup[], keep: ReadonlyMap<number, number>): Pieces<string> {
  const lines = [csvLine(columns)];
  for (const [i, group] of groups.entries()) {
    const kept = keptOf(group, keep);
    for (const { image, path, relation, similarity, width, height, bytes, modified } of group) {
      if (lines.length % pieceImages === 0) yield;
      const time = new Date(modified);
      lines.push(
        csvLine([
          String(i + 1),
          displayName(join(root, path)),
          image === kept ? 'keep' : 'other',
          relationNames[relation],
          similarity.toFixed(4),
          String(width),
          String(height),
          String(bytes),
          Number.isNaN(time.getTime()) ? '' : time.toISOString(),
        ]),
      );
    }
  }
  return lines.join('');
}

const isDuplicateList = (path: string): boolean => beginsWithRecord(path, columns);

/** Rejects as `requireTableTarget` where no list may be written: ask before the work for it begins. */
export const checkDuplicatesTarget = async ({ originals }: Studio, path: string): Promise<void> =>
  requireTableTarget(path, originals, { name: 'a list of duplicates', example: 'duplicates.csv', isOurs: isDuplicateList });

/** Writes the list with the best of each group kept. Rejects as `checkDuplicatesTarget`, and with `disk-full`. */
export async function writeDuplicates(studio: Studio, path: string, root: string, groups: readonly DuplicateGroup[]): Promise<void> {
  await checkDuplicatesTarget(studio, path);
  const text = await inPieces(duplicateLines(root, groups, new Map()));
  try {
    writeFileAside(path, text);
  } catch (error) {
    throw systemError(error) ?? error;
  }
}
