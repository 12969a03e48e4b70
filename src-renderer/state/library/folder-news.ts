// What a look at a folder's names and times has found since it was read.
import type { FolderChanges } from '../../../shared/contract/contract-library.ts';

export interface FolderNews {
  /** Files to read: new ones and those that changed. */
  readonly toRead: number;
  /** Files that were there; those that the library knows to be missing are no news and were not counted. */
  readonly gone: number;
}

/** Nothing, while nothing is known. */
export const newsOf = (changes: FolderChanges | undefined): FolderNews => ({
  toRead: (changes?.added ?? 0) + (changes?.changed ?? 0),
  gone: changes?.missing ?? 0,
});
