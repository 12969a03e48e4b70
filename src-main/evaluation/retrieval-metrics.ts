// Retrieval of everything that belongs to the same group (a label, or one emoji drawn by several vendors).
import { AppError } from '../../shared/errors.ts';
import { forEachProductBlock, rowCount } from './matrix-products.ts';

export interface GroupRetrieval {
  readonly meanAveragePrecision: number;
  /** Share of queries whose nearest candidate belongs to their group. */
  readonly recallAt1: number;
  /** Queries that had something to find; the others do not count. */
  readonly queries: number;
}

/**
 * Mean average precision of "same group" over `vectors` [N, dimension] (normalised): every vector is a query, all others are its
 * candidates. With `sources`, candidates of the query's own source are left out (a vendor's own style must not help). Equal
 * similarities count as every order being equally likely (McSherry & Najork 2008). Throws `bad-input` when lengths do not fit.
 */
export function groupRetrieval(vectors: Float32Array, dimension: number, groups: Uint32Array, sources?: Uint32Array): GroupRetrieval {
  const count = rowCount(vectors, dimension);
  if (groups.length !== count || (sources && sources.length !== count)) {
    throw new AppError('bad-input', `${count} vectors with ${groups.length} groups.`, 'Every vector needs exactly one group.');
  }
  let precision = 0;
  let first = 0;
  let queries = 0;
  forEachProductBlock(vectors, vectors, dimension, (start, rows, products) => {
    for (let row = 0; row < rows; row++) {
      const query = start + row;
      const candidates: number[] = [];
      const relevant: number[] = [];
      for (let other = 0; other < count; other++) {
        if (other === query || (sources && sources[other] === sources[query])) continue;
        const score = products[row * count + other]!;
        candidates.push(score);
        if (groups[other] === groups[query]) relevant.push(score);
      }
      if (relevant.length === 0) continue;
      const result = rankedPrecision(Float64Array.from(candidates).sort(), Float64Array.from(relevant).sort());
      precision += result.average;
      first += result.first;
      queries++;
    }
  });
  return { meanAveragePrecision: queries > 0 ? precision / queries : 0, recallAt1: queries > 0 ? first / queries : 0, queries };
}

/** Expected average precision, and the chance that the first is relevant; both lists ascend, `relevant` is part of `candidates`. */
function rankedPrecision(candidates: Float64Array, relevant: Float64Array): { readonly average: number; readonly first: number } {
  let sum = 0;
  let first = 0;
  for (let end = relevant.length; end > 0;) {
    const score = relevant[end - 1]!;
    const here = end - firstAtLeast(relevant, score);
    const from = firstAtLeast(candidates, score);
    const above = candidates.length - firstAbove(candidates, score);
    const level = candidates.length - above - from;
    const found = relevant.length - end;
    if (above === 0) first = here / level;
    for (let i = 1; i <= level; i++) {
      const before = level > 1 ? ((i - 1) * (here - 1)) / (level - 1) : 0;
      sum += ((here / level) * (found + before + 1)) / (above + i);
    }
    end -= here;
  }
  return { average: sum / relevant.length, first };
}

function firstAtLeast(ascending: Float64Array, value: number): number {
  return lowerBound(ascending, (element) => element >= value);
}

function firstAbove(ascending: Float64Array, value: number): number {
  return lowerBound(ascending, (element) => element > value);
}

function lowerBound(ascending: Float64Array, reached: (element: number) => boolean): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (reached(ascending[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
