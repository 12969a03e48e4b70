// Groups of files that show the same: by content, which the catalogue knows, by pixels, or by vectors alone.
import type { DuplicateRelation } from '../../../shared/contract/contract-duplicates.ts';
import type { DuplicateLevel } from '../../../shared/contract/duplicate-terms.ts';
import { inPieces } from '../../files/in-pieces.ts';
import type { Pieces } from '../../files/in-pieces.ts';
import { displayName } from '../../library/file-names.ts';
import { folderFiles } from '../../library/folder-files.ts';
import type { FolderFile } from '../../library/folder-files.ts';
import { folderOf } from '../../library/folders.ts';
import { samePicture } from '../../retrieval/kept-pairs.ts';
import { isLookAlike } from '../../retrieval/look-alikes.ts';
import type { SimilarPairs } from '../../retrieval/pair-collector.ts';
import { tightGroups } from '../../retrieval/tight-groups.ts';
import type { Studio } from '../studio.ts';
import { pieceImages } from './embedded-images.ts';
import type { SimilarPictures } from './similar-pictures.ts';

export interface GroupedFile extends FolderFile {
  /** To the picture that all of the group are like. */
  readonly relation: DuplicateRelation;
  /** Cosine to it; 1 for the same content. */
  readonly similarity: number;
}

/** The best to keep first. */
export type DuplicateGroup = readonly GroupedFile[];

/**
 * Which of two files is rather kept: more pixels, then more bytes (less was lost in saving), then the older one (the original rather than the
 * copy), then the first by path.
 */
export const rather = (a: FolderFile, b: FolderFile): number =>
  b.width * b.height - a.width * a.height || b.bytes - a.bytes || a.modified - b.modified || (a.path < b.path ? -1 : 1);

/** Pairs gone through before others may get their turn: about a millisecond. */
const pairsPerPiece = 20_000;

/** Of the pairs those of one picture, however alike their vectors are, and those above `limit`; which of them are of one picture. */
function* admitted({ pairs, same }: SimilarPictures, limit: number): Pieces<{ readonly pairs: SimilarPairs; readonly isSame: Uint8Array }> {
  const { floor, first, second, cosines } = pairs;
  const places = new Uint32Array(same.length);
  let count = 0;
  for (let i = 0; i < same.length; i++) {
    if (i % pairsPerPiece === 0) yield;
    if (same[i] === samePicture || isLookAlike(cosines[i]!, limit)) places[count++] = i;
  }
  const [ones, others, values] = [new Uint32Array(count), new Uint32Array(count), new Float64Array(count)];
  const isSame = new Uint8Array(count);
  for (let k = 0; k < count; k++) {
    if (k % pairsPerPiece === 0) yield;
    const i = places[k]!;
    [ones[k], others[k], values[k]] = [first[i]!, second[i]!, cosines[i]!];
    isSame[k] = same[i] === samePicture ? 1 : 0;
  }
  return { pairs: { floor, first: ones, second: others, cosines: values }, isSame };
}

export interface GroupingRules {
  readonly level: DuplicateLevel;
  /** For `similar`: cosines above it. */
  readonly similarity: number;
}

/**
 * Groups of at least two of `files`, by the path of what is best kept. `file`: of one content. `picture`: also contents whose pixels show the
 * same picture as the group's centre. `similar`: also contents whose vectors have a higher cosine than `similarity` to it. Without `pictures` by
 * content alone. No file is in two groups.
 */
export function* duplicateGroups(
  files: readonly FolderFile[],
  pictures: SimilarPictures | undefined,
  { level, similarity }: GroupingRules,
): Pieces<DuplicateGroup[]> {
  const filesOf = new Map<string, FolderFile[]>();
  for (const [i, file] of files.entries()) {
    if (i % pieceImages === 0) yield;
    const same = filesOf.get(file.hash);
    if (same) same.push(file);
    else filesOf.set(file.hash, [file]);
  }
  const groups: DuplicateGroup[] = [];
  const grouped = new Set<string>();
  const taken = (hash: string, relation: DuplicateRelation, cosine: number): GroupedFile[] => {
    grouped.add(hash);
    return (filesOf.get(hash) ?? []).map((file) => ({ ...file, relation, similarity: cosine }));
  };
  if (pictures && level !== 'file') {
    const { pairs, isSame } = yield* admitted(pictures, level === 'picture' ? Infinity : similarity);
    const found = yield* tightGroups(pairs, pairs.floor);
    for (const [i, { centre, members }] of found.entries()) {
      if (i % pieceImages === 0) yield;
      const others = members.map(({ row, cosine, pair }) => {
        return taken(pictures.hashOf.get(row)!, isSame[pair] === 1 ? 'picture' : 'similar', cosine);
      });
      groups.push([...taken(pictures.hashOf.get(centre)!, 'file', 1), ...others.flat()].sort(rather));
    }
  }
  for (const [hash, same] of filesOf) if (same.length > 1 && !grouped.has(hash)) groups.push(taken(hash, 'file', 1).sort(rather));
  yield;
  return groups.filter(({ length }) => length > 1).sort(([a], [b]) => (a!.path < b!.path ? -1 : 1));
}

export interface FoundDuplicates {
  readonly groups: readonly DuplicateGroup[];
  /** Files in all groups, and what all but the best of each take. */
  readonly files: number;
  readonly spareBytes: number;
}

/** Groups with what they come to. */
export function summedUp(groups: readonly DuplicateGroup[]): FoundDuplicates {
  let [files, spareBytes] = [0, 0];
  for (const group of groups) {
    files += group.length;
    for (const { bytes } of group.slice(1)) spareBytes += bytes;
  }
  return { groups, files, spareBytes };
}

/** Those of a folder, as `duplicateGroups`. Rejects with `not-found`. */
export async function findDuplicates(
  { library }: Studio,
  root: string,
  pictures: SimilarPictures | undefined,
  rules: GroupingRules,
): Promise<FoundDuplicates> {
  const files = await inPieces(folderFiles(library, folderOf(library, root).id));
  return summedUp(await inPieces(duplicateGroups(files, pictures, rules)));
}

/** A path as people and other programs are told of it: what is no text in its names is spelled out. */
export const toldPath = (path: string): string => displayName(path);
