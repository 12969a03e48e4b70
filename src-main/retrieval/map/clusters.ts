// Rows in clusters around some of their own, so that what is alike lies together and is looked for together.
import { Random } from '../../../shared/random.ts';
import { packRows, productOfPacked } from '../../evaluation/matrix-products.ts';
import type { Pieces } from '../../files/in-pieces.ts';

export interface Clusters {
  readonly count: number;
  /** Rows, those of a cluster one after another. */
  readonly order: Uint32Array;
  /** Places of a cluster in `order`. */
  range(cluster: number): readonly [from: number, to: number];
  size(cluster: number): number;
  /** All clusters, itself first, then by the dot product of their centres. */
  nearest(cluster: number): Uint32Array;
}

/** Rows assigned at a time. */
const blockRows = 512;
/** Means that are taken of the rows of each centre: more change little. */
const rounds = 2;

/** Spherical k-means (Dhillon & Modha 2001) of `vectors` [n, dimension] from `count` random rows. Some clusters may be empty. */
export function* clustersOf(
  vectors: Float32Array,
  dimension: number,
  count: number,
  seed: number,
  onShare: (share: number) => void = () => undefined,
): Pieces<Clusters> {
  const rows = vectors.length / dimension;
  if (count === 1) return inOrder(new Uint32Array(rows), new Float32Array(dimension), dimension);
  const chosen = new Random(seed, 'map').permutation(rows).slice(0, count);
  let centres = new Float32Array(count * dimension);
  chosen.forEach((row, i) => centres.set(vectors.subarray(row * dimension, (row + 1) * dimension), i * dimension));
  const ofRound = (round: number) => (share: number) => onShare((round + share) / (rounds + 1));
  let assigned = yield* nearestCentre(vectors, centres, dimension, ofRound(0));
  for (let round = 0; round < rounds; round++) {
    centres = meansOf(vectors, assigned, count, dimension);
    assigned = yield* nearestCentre(vectors, centres, dimension, ofRound(round + 1));
  }
  return inOrder(assigned, centres, dimension);
}

function* nearestCentre(
  vectors: Float32Array,
  centres: Float32Array,
  dimension: number,
  onShare: (share: number) => void,
): Pieces<Uint32Array> {
  const [rows, count] = [vectors.length / dimension, centres.length / dimension];
  const assigned = new Uint32Array(rows);
  const right = packRows(centres, dimension, 0, count);
  const products = new Float32Array(blockRows * count);
  for (let first = 0; first < rows; first += blockRows) {
    const block = Math.min(blockRows, rows - first);
    productOfPacked(packRows(vectors, dimension, first, block), right, products, count);
    for (let row = 0; row < block; row++) assigned[first + row] = indexOfLargest(products.subarray(row * count, (row + 1) * count));
    onShare((first + block) / rows);
    yield;
  }
  return assigned;
}

function indexOfLargest(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** Directions of the means; of no rows: nothing, which no row is nearest to unless it has no direction itself. */
function meansOf(vectors: Float32Array, assigned: Uint32Array, count: number, dimension: number): Float32Array<ArrayBuffer> {
  const sums = new Float32Array(count * dimension);
  assigned.forEach((cluster, row) => {
    for (let i = 0; i < dimension; i++) sums[cluster * dimension + i]! += vectors[row * dimension + i]!;
  });
  for (let cluster = 0; cluster < count; cluster++) {
    const mean = sums.subarray(cluster * dimension, (cluster + 1) * dimension);
    const length = Math.hypot(...mean);
    if (length > 0) mean.forEach((value, i) => (mean[i] = value / length));
  }
  return sums;
}

function inOrder(assigned: Uint32Array, centres: Float32Array, dimension: number): Clusters {
  const count = centres.length / dimension;
  const starts = new Uint32Array(count + 1);
  for (const cluster of assigned) starts[cluster + 1]!++;
  for (let cluster = 0; cluster < count; cluster++) starts[cluster + 1]! += starts[cluster]!;
  const next = starts.slice();
  const order = new Uint32Array(assigned.length);
  assigned.forEach((cluster, row) => (order[next[cluster]!++] = row));
  const likeness = (a: number, b: number): number => {
    let sum = 0;
    for (let i = 0; i < dimension; i++) sum += centres[a * dimension + i]! * centres[b * dimension + i]!;
    return sum;
  };
  return {
    count,
    order,
    range: (cluster) => [starts[cluster]!, starts[cluster + 1]!],
    size: (cluster) => starts[cluster + 1]! - starts[cluster]!,
    nearest: (cluster) => {
      const scores = Float64Array.from({ length: count }, (_, other) => (other === cluster ? Infinity : likeness(cluster, other)));
      return Uint32Array.from({ length: count }, (_, other) => other).sort((a, b) => scores[b]! - scores[a]!);
    },
  };
}
