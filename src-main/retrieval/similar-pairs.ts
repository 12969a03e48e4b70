// All pairs of rows whose cosine lies above a floor: N²/2 comparisons, nearly all of which end after some of the numbers.
//
// Of two vectors of length 1, cut after `width` numbers into a = (a₁, a₂) and b = (b₁, b₂), a·b ≤ a₁·b₁ + |a₂|·|b₂| (Cauchy and Schwarz).
// So each row is given to the kernel as (a₁, |a₂|): the product is a bound of the cosine, and only pairs whose bound lies above the floor
// are compared as a whole, in float64. What is found is what a comparison of everything in float64 finds.
import { pageBytes } from '../../shared/web-assembly.ts';
import { PairCollector } from './pair-collector.ts';
import type { SimilarPairs } from './pair-collector.ts';
import { createSharedMemory, instantiateKernel } from './search-kernel.ts';

export interface PairLimits {
  /** Cosine, below 1. */
  readonly floor: number;
  /** Pairs at most: where there are more, the floor rises. */
  readonly most: number;
}

/** Rows that were compared before: pairs of two rows below `rows` are these and are not looked for again. */
export interface KnownPairs {
  readonly rows: number;
  readonly pairs: SimilarPairs;
}

const groupRows = 4;
/** A block of bounds stays in the processor's cache while all rows pass by. */
const blockBytes = 1 << 18;
/** Comparing two rows as a whole takes about as long as so many products of the kernel for each of their numbers. */
const wholeCost = 8;
/** What is done with each bound, in products of the kernel. */
const boundCost = 8;
const sampleRows = 384;
/** Groups of rows between two words on how far it is: some hundredths of a second. */
const groupsPerWord = 256;

/**
 * Pairs of rows of `vectors` [rows, dimension], each of length 1 (or 0). `progress` is told of the share that is done. Throws
 * `out-of-memory`.
 */
export function similarPairs(
  vectors: Float32Array,
  dimension: number,
  { floor, most }: PairLimits,
  progress: (share: number) => void = () => {},
  known: KnownPairs = { rows: 0, pairs: { floor, first: new Uint32Array(0), second: new Uint32Array(0), cosines: new Float64Array(0) } },
): SimilarPairs {
  const rows = vectors.length / dimension;
  const sample = sampleOf(vectors, dimension);
  const collector = new PairCollector(Math.max(floor, known.pairs.floor, usualFloor(sample, dimension, rows, floor, most)), most);
  known.pairs.cosines.forEach((cosine, i) => collector.add(known.pairs.first[i]!, known.pairs.second[i]!, cosine));
  const width = usualWidth(sample, dimension, collector.floor);
  const stride = Math.ceil((width < dimension ? width + 1 : dimension) / 4) * 4;
  const blockRows = Math.max(groupRows, Math.floor(blockBytes / (4 * stride * groupRows)) * groupRows);
  const rowsAt = 4 * groupRows * blockRows;
  const padded = Math.ceil(rows / groupRows) * groupRows;
  const memory = createSharedMemory(Math.ceil((rowsAt + 4 * padded * stride) / pageBytes));
  const { dot4 } = instantiateKernel(memory);
  fillBounds(new Float32Array(memory.buffer, rowsAt, padded * stride), stride, vectors, dimension, width);
  const bounds = new Float32Array(memory.buffer, 0, groupRows * blockRows);
  // The kernel's rounding (as in vector-memory.ts), and that of the lengths of the rest.
  const error = (stride / 8 + 8) * 2 ** -24 * 1.02 + 1e-6;
  const all = rows ** 2 - known.rows ** 2;
  let done = 0;
  for (let begin = known.rows; begin < rows; begin += blockRows) {
    const end = Math.min(rows, begin + blockRows);
    for (let group = 0; group < end && collector.floor < 1; group += groupRows) {
      const from = Math.max(begin, group);
      const count = end - from;
      dot4(rowsAt + 4 * group * stride, rowsAt + 4 * from * stride, count, 4 * stride, 0, 4 * blockRows);
      let least = collector.floor - error;
      for (let q = 0; q < groupRows; q++) {
        const row = group + q;
        // Neither a row with itself, nor what was compared the other way round.
        for (let place = Math.max(0, row + 1 - from); place < count; place++) {
          if (!(bounds[q * blockRows + place]! > least)) continue;
          collector.add(row, from + place, product(vectors, dimension, row, from + place));
          least = collector.floor - error;
        }
      }
      if ((group / groupRows) % groupsPerWord === 0) progress(Math.min(end ** 2 - known.rows ** 2, done + 2 * group * (end - begin)) / all);
    }
    done = end ** 2 - known.rows ** 2;
  }
  progress(1);
  return collector.sorted();
}

function product(vectors: Float32Array, dimension: number, one: number, other: number): number {
  let sum = 0;
  for (let k = 0, a = one * dimension, b = other * dimension; k < dimension; k++) sum += vectors[a + k]! * vectors[b + k]!;
  return sum;
}

/** Each row as its first `width` numbers and the length of the others; all of it where that is no less. */
function fillBounds(bounds: Float32Array, stride: number, vectors: Float32Array, dimension: number, width: number): void {
  for (let row = 0; row * dimension < vectors.length; row++) {
    const vector = vectors.subarray(row * dimension, (row + 1) * dimension);
    bounds.set(vector.subarray(0, width), row * stride);
    if (width < dimension) bounds[row * stride + width] = lengthOf(vector.subarray(width)) * (1 + 2 ** -23);
  }
}

function lengthOf(vector: Float32Array): number {
  let squares = 0;
  for (const value of vector) squares += value ** 2;
  return Math.sqrt(squares);
}

/** Some rows, spread over all. */
function sampleOf(vectors: Float32Array, dimension: number): Float32Array {
  const rows = vectors.length / dimension;
  const count = Math.min(rows, sampleRows);
  const sample = new Float32Array(count * dimension);
  for (let i = 0; i < count; i++) {
    const row = Math.floor((i * rows) / count);
    sample.set(vectors.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  }
  return sample;
}

/** A floor above which about four times as many pairs lie as can be kept: where most pairs are alike, it would only rise through all of them. */
function usualFloor(sample: Float32Array, dimension: number, rows: number, floor: number, most: number): number {
  const count = sample.length / dimension;
  const cosines: number[] = [];
  for (let i = 0; i < count; i++) for (let j = 0; j < i; j++) cosines.push(product(sample, dimension, i, j));
  const kept = Math.floor((4 * most * cosines.length) / ((rows * (rows - 1)) / 2));
  if (!(kept < cosines.length)) return floor;
  return Math.min(1 - 2 ** -20, Math.max(floor, cosines.sort((a, b) => b - a)[kept]!));
}

/** How many numbers of a row the bound is made of, so that bounds and comparisons together cost least; all of them where that is best. */
function usualWidth(sample: Float32Array, dimension: number, floor: number): number {
  const count = sample.length / dimension;
  let best = { width: dimension, cost: Infinity };
  for (let width = 7; ; width += 8) {
    const cut = Math.min(width, dimension);
    const heads = Array.from({ length: count }, (_, i) => sample.subarray(i * dimension, i * dimension + cut));
    const rests = Array.from({ length: count }, (_, i) => lengthOf(sample.subarray(i * dimension + cut, (i + 1) * dimension)));
    let above = 0;
    for (let i = 0; i < count; i++)
      for (let j = 0; j < i; j++) {
        let bound = rests[i]! * rests[j]!;
        for (let k = 0; k < cut; k++) bound += heads[i]![k]! * heads[j]![k]!;
        if (bound > floor) above++;
      }
    const cost = cut + boundCost + (wholeCost * dimension * above) / Math.max(1, (count * (count - 1)) / 2);
    if (cost < best.cost) best = { width: cut, cost };
    if (cut === dimension) return best.width;
  }
}
