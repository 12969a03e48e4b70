// Near-duplicates of a folder: found, marked with a tag, written down. Files are never touched.
import * as v from 'valibot';
import { channel } from './channel.ts';
import type { JobStarted } from './contract-jobs.ts';
import { count, identity, layer, manyImages, runName, space, text } from './contract-values.ts';
import { duplicateLevels } from './duplicate-terms.ts';
import type { DuplicateLevel } from './duplicate-terms.ts';

/** How a file relates to the picture that all of its group are like; that picture itself is the same `file`. */
export type DuplicateRelation = DuplicateLevel;

export interface DuplicateFile {
  readonly image: number;
  /** Relative, with `/`. */
  readonly path: string;
  readonly relation: DuplicateRelation;
  /** Cosine of its vector and that of the picture that all are like; 1 for the same file. */
  readonly similarity: number;
  /** Upright, pixels. */
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  /** It has the tag. */
  readonly marked: boolean;
}

export interface DuplicateGroup {
  /** The best to keep first: most pixels, then bytes, then the oldest. */
  readonly files: readonly DuplicateFile[];
  /** Of all files, those not shown too; the one that is kept is always shown. */
  readonly total: number;
}

export interface DuplicateList {
  /** Changes when the list does. */
  readonly stamp: string;
  readonly groups: number;
  /** Files in all groups, and what all but the best of each take. */
  readonly files: number;
  readonly spareBytes: number;
  /** None where nothing was compared since images or vectors have changed: then only the same files are known. */
  readonly compared:
    | {
        /** No lower similarity tells any more: there would be too many pairs, or they would be nobody's duplicates. */
        readonly floor: number;
        /** Pairs whose pixels were not looked at: some may be the same picture. */
        readonly unseen: number;
      }
    | undefined;
  readonly rows: readonly DuplicateGroup[];
}

/** Cosine above which images are alike. */
const similarity = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const vectors = v.strictObject({ run: runName, step: count(1e12), layer, space });
const question = {
  folder: identity,
  /** Whose vectors; none: the same files alone. */
  vectors: v.optional(vectors),
  level: v.picklist(duplicateLevels),
  /** Of the level `similar` alone. */
  similarity,
} as const;
const choice = {
  ...question,
  /** Of the list that is meant. */
  stamp: text(200),
  /** Images to keep in place of the best of their group, in the order in which they were chosen: of one group the last counts. */
  keep: manyImages(1_000_000),
} as const;

export const duplicateChannels = {
  /** Compares all images that have a vector with each other; instant when that was done before. Throws `not-found`. */
  'duplicates.compare': channel<JobStarted>()(v.strictObject({ folder: identity, vectors })),
  /** Throws `not-found` without vectors, or without the folder. */
  'duplicates.list': channel<DuplicateList>()(
    v.strictObject({ ...question, keep: v.optional(choice.keep), offset: count(100_000_000), limit: count(500) }),
  ),
  /**
   * Gives the tag to all but the kept one of groups, from which it is taken. `groups`: an image of each, whichever; none: all of the list.
   * Answers which images have it now that had not, and the other way round: `library.tag` undoes it. Throws `bad-input` when the list has
   * changed.
   */
  'duplicates.mark': channel<{ readonly marked: Int32Array<ArrayBuffer>; readonly unmarked: Int32Array<ArrayBuffer> }>()(
    v.strictObject({ ...choice, groups: v.optional(manyImages(1_000_000)) }),
  ),
  /** The list as CSV. Throws as `duplicates.mark`. */
  'duplicates.file': channel<{ readonly name: string; readonly bytes: Uint8Array }>()(v.strictObject(choice)),
} as const;
