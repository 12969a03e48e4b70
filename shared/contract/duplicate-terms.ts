// Words and numbers of the search for duplicates that the page needs without the contract's schemas.

/**
 * What counts as a duplicate. `file`: the same bytes. `picture`: also the same picture, resized or saved with other losses. `similar`: also
 * what has similar vectors.
 */
export const duplicateLevels = ['file', 'picture', 'similar'] as const;
export type DuplicateLevel = (typeof duplicateLevels)[number];

/** Given to all files of a group but the one to keep. */
export const duplicateTag = 'duplicate';
/** Files of a group in an answer; all of them are marked and written down. */
export const mostFilesShown = 60;
/** As when a search hides duplicates. */
export const usualSimilarity = 0.98;
/** Pairs are looked for above this cosine: less alike is nobody's duplicate. */
export const leastSimilarity = 0.8;
