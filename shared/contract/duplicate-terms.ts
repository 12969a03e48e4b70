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
/** Which of a group's images is kept: the one that was chosen last, else the best, which is the first. `chosen`: the place of each in the order of choosing. */
export function keptImage(images: readonly number[], chosen: ReadonlyMap<number, number>): number {
  let kept = images[0]!;
  for (const image of images) if ((chosen.get(image) ?? -1) > (chosen.get(kept) ?? -1)) kept = image;
  return kept;
}
export const placesOf = (chosen: Iterable<number>): ReadonlyMap<number, number> =>
  new Map([...chosen].map((image, place) => [image, place]));
/** As when a search hides duplicates. */
export const usualSimilarity = 0.98;
/** Pairs are looked for above this cosine: less alike is nobody's duplicate. */
export const leastSimilarity = 0.8;
