// Groups of rows that are all nearly the same as one of them. Whoever is only like another member does not come in: a chain of small
// steps, from one frame of a film to the next, would end with pictures that have nothing in common.
import type { Pieces } from '../files/in-pieces.ts';
import { isLookAlike } from './look-alikes.ts';
import type { SimilarPairs } from './pair-collector.ts';

export interface TightGroup {
  /** The row that every member is like. */
  readonly centre: number;
  /** The others, by falling cosine to it (equal ones by row), with the number of that pair. */
  readonly members: readonly { readonly row: number; readonly cosine: number; readonly pair: number }[];
}

/** Pairs or rows looked at before others may get their turn. */
const pieceSize = 20_000;

/**
 * Groups of the rows of pairs whose cosine lies above `limit`: again and again the row with most look-alikes that are in no group yet (of
 * equal ones the lower row) makes one with them, until no two rows that are left are alike. No row is in two groups. By centre.
 */
export function* tightGroups({ first, second, cosines }: SimilarPairs, limit: number): Pieces<TightGroup[]> {
  let count = 0;
  while (count < cosines.length && isLookAlike(cosines[count]!, limit)) count++;
  let rows = 0;
  for (let i = 0; i < count; i++) rows = Math.max(rows, second[i]! + 1);
  // Pairs of each row, one after another: those of row r from starts[r] on.
  const starts = new Uint32Array(rows + 1);
  for (let i = 0; i < count; i++) {
    starts[first[i]! + 1]!++;
    starts[second[i]! + 1]!++;
    if (i % pieceSize === 0) yield;
  }
  const degrees = starts.slice(1);
  for (let row = 0; row < rows; row++) starts[row + 1]! += starts[row]!;
  const places = starts.slice(0, rows);
  const pairs = new Uint32Array(2 * count);
  for (let i = 0; i < count; i++) {
    pairs[places[first[i]!]!++] = i;
    pairs[places[second[i]!]!++] = i;
    if (i % pieceSize === 0) yield;
  }
  // Rows by how many of their look-alikes are free; a row whose number has fallen since is moved when it is met.
  const left = degrees.slice();
  const buckets: number[][] = [];
  for (let row = 0; row < rows; row++) (buckets[left[row]!] ??= []).push(row);
  const taken = new Uint8Array(rows);
  const groups: TightGroup[] = [];
  let looked = 0;
  const other = (pair: number, row: number): number => (first[pair] === row ? second[pair]! : first[pair]!);
  for (let most = buckets.length - 1; most > 0; most--) {
    for (const centre of (buckets[most] ?? []).sort((a, b) => a - b)) {
      if (taken[centre] === 1) continue;
      if (left[centre]! < most) {
        (buckets[left[centre]!] ??= []).push(centre);
        continue;
      }
      const members = [];
      for (const pair of pairs.subarray(starts[centre], starts[centre + 1])) {
        const row = other(pair, centre);
        if (taken[row] === 0) members.push({ row, cosine: cosines[pair]!, pair });
      }
      for (const row of [centre, ...members.map((member) => member.row)]) {
        taken[row] = 1;
        for (const pair of pairs.subarray(starts[row], starts[row + 1])) {
          left[other(pair, row)]!--;
          if (looked++ % pieceSize === 0) yield;
        }
      }
      groups.push({ centre, members });
    }
  }
  return groups.sort((a, b) => a.centre - b.centre);
}
