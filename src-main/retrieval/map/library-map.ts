// Vectors of some rows → their places on a plane.
import type { SpaceTransform } from '../../evaluation/spaces.ts';
import type { Pieces } from '../../files/in-pieces.ts';
import { placeManyInSpace } from '../library-search.ts';
import { likenessGraph } from './likeness-graph.ts';
import { mapLayout } from './map-layout.ts';
import { nearRows, noRow } from './near-rows.ts';
import type { NearRows } from './near-rows.ts';

/** Neighbours that hold a row to its place, as in UMAP. */
const neighbours = 15;
/** Share of the work that goes by before the layout, about. */
const searchShare = 0.6;

export interface MapSpaces {
  /** In which likeness is measured. */
  readonly space: SpaceTransform;
  /** Whose first two directions tell where rows begin. */
  readonly whitened: SpaceTransform;
}

/** Places of an earlier map [n, 2], NaN for rows that it lacks. */
export type EarlierPlaces = Float32Array;

/**
 * A map of `vectors` [n, dimension] as the encoder gave them: [n, 2] in a square from −1 to 1. With an earlier map, rows begin where they
 * were there, and new ones amid their neighbours. The same for the same input. Throws `out-of-memory`.
 */
export function* libraryMap(
  vectors: Float32Array,
  { space, whitened }: MapSpaces,
  earlier: EarlierPlaces | undefined,
  onShare: (share: number) => void,
): Pieces<Float32Array<ArrayBuffer>> {
  const placed = yield* placeManyInSpace(space, vectors);
  const rows = placed.length / space.outputDimension;
  const k = Math.max(1, Math.min(neighbours, rows - 1));
  const near = yield* nearRows(placed, space.outputDimension, { k }, (share) => onShare(share * searchShare));
  const begin = earlier ? amidNeighbours(earlier, near) : firstTwo(whitened, vectors);
  return yield* mapLayout(likenessGraph(near), { begin, isEarlier: earlier !== undefined }, (share) =>
    onShare(searchShare + share * (1 - searchShare)),
  );
}

/** Coordinates along the two directions in which the library varies most. */
function firstTwo({ dimension, directions, mean }: SpaceTransform, vectors: Float32Array): Float32Array {
  const begin = new Float32Array((2 * vectors.length) / dimension);
  for (let row = 0; row < begin.length / 2; row++) {
    for (let axis = 0; axis < 2 && axis < directions.length / dimension; axis++) {
      let sum = 0;
      for (let i = 0; i < dimension; i++) sum += directions[axis * dimension + i]! * (vectors[row * dimension + i]! - mean[i]!);
      begin[2 * row + axis] = sum;
    }
  }
  return begin;
}

/** Rows without a place get the mean of their neighbours' that have one, or the middle. */
function amidNeighbours(earlier: EarlierPlaces, { k, rows }: NearRows): Float32Array {
  return Float32Array.from(earlier, (value, i) => {
    if (!Number.isNaN(value)) return value;
    const [row, axis] = [i >> 1, i & 1];
    const near = [...rows.subarray(row * k, (row + 1) * k)].filter((other) => other !== noRow);
    const known = near.map((other) => earlier[2 * other + axis]!).filter((place) => !Number.isNaN(place));
    return known.reduce((sum, place) => sum + place, 0) / Math.max(1, known.length);
  });
}
