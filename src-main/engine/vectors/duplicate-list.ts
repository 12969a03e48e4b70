// Duplicates as a table that spreadsheets and scripts read.
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Pieces } from '../../files/in-pieces.ts';
import { csvLine } from '../../library/csv.ts';
import { displayName } from '../../library/file-names.ts';
import type { DuplicateGroup } from './duplicates.ts';
import { pieceImages } from './embedded-images.ts';

const relations = { file: 'same file', picture: 'same picture', similar: 'very similar' } as const;
const header = csvLine(['group', 'file', 'keep', 'relation', 'similarity', 'width', 'height', 'bytes', 'modified']);

/** The file of a group that is kept: the last of `keep` in it, else the best. */
export const keptOf = (group: DuplicateGroup, keep: ReadonlySet<number>): number =>
  (group.findLast(({ image }) => keep.has(image)) ?? group[0]!).image;

/** A line for each file, the header first; groups are numbered from 1, their files by `root`. */
export function* duplicateLines(root: string, groups: readonly DuplicateGroup[], keep: ReadonlySet<number>): Pieces<string> {
  const lines = [header];
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
          relations[relation],
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

/** Whether a file begins as a list that was written here, also when an editor has changed its line ends. Throws the operating system's errors. */
export function isDuplicateList(path: string): boolean {
  const start = Buffer.alloc(header.length);
  const handle = openSync(path, 'r');
  try {
    readSync(handle, start, 0, start.length, 0);
  } finally {
    closeSync(handle);
  }
  return start.toString('latin1').split(/\r?\n/, 1)[0] === header.trimEnd();
}
