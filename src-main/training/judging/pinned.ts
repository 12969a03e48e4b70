// Neighbours of a few pictures at each evaluation, so that one sees what a run learns.
import { Random } from '../../../shared/random.ts';
import type { NeighboursOfImage } from '../../../shared/train-events.ts';
import { applySpace, fitSpace, normaliseRows } from '../../evaluation/spaces.ts';

export const mostPinned = 8;
/** Neighbours that are shown of each. */
const neighboursShown = 8;
/** Images that are looked through: more cost time at every evaluation and show the same. */
export const mostLooked = 1000;

/** Contents to look up when nobody chose any: spread over the labels, the same for the same seed. */
export function choosePinned(images: readonly { readonly hash: string; readonly label: string | undefined }[], seed: number): string[] {
  const byLabel = Map.groupBy(
    images.toSorted((a, b) => (a.hash < b.hash ? -1 : 1)),
    ({ label }) => label ?? '',
  );
  const labels = [...byLabel.keys()].toSorted((a, b) => (a < b ? -1 : 1));
  const shuffled = <T>(values: readonly T[], about: number): T[] =>
    Array.from(new Random(seed, 'evaluation', 8, about).permutation(values.length), (at) => values[at]!);
  const queues = shuffled(labels, 0).map((label, i) =>
    shuffled(
      byLabel.get(label)!.map(({ hash }) => hash),
      i + 1,
    ),
  );
  const chosen: string[] = [];
  for (let round = 0; chosen.length < mostPinned && round < images.length; round++)
    for (const queue of queues) {
      const hash = queue[round];
      if (hash !== undefined && chosen.length < mostPinned) chosen.push(hash);
    }
  return chosen;
}

/**
 * The nearest of `hashes` with `vectors` [n, dimension] to each pinned one among them, by cosine after whitening on all of them, nearest
 * first, without itself. Pinned contents without a vector are left out.
 */
export function neighboursAmong(
  hashes: readonly string[],
  vectors: Float32Array,
  dimension: number,
  pinned: readonly string[],
): NeighboursOfImage[] {
  if (hashes.length < 2) return [];
  const space = fitSpace('whitened', vectors, dimension);
  const width = space.outputDimension;
  const units = normaliseRows(applySpace(space, vectors), width);
  const placeOf = new Map(hashes.map((hash, place) => [hash, place]));
  return pinned
    .filter((hash) => placeOf.has(hash))
    .map((hash) => {
      const own = placeOf.get(hash)! * width;
      const scored = hashes.map((other, place) => {
        let score = 0;
        for (let k = 0; k < width; k++) score += units[own + k]! * units[place * width + k]!;
        return { hash: other, score: Math.max(-1, Math.min(1, score)) };
      });
      return {
        hash,
        neighbours: scored
          .filter((one) => one.hash !== hash)
          .toSorted((a, b) => b.score - a.score || (a.hash < b.hash ? -1 : 1))
          .slice(0, neighboursShown),
      };
    });
}
