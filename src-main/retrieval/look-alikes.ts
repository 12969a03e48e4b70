// What counts as almost the same picture, and a ranking without what is almost the same as one that ranks above it.
import type { Pieces } from '../files/in-pieces.ts';

/**
 * Whether two pictures of different content, whose vectors have this cosine, count as nearly the same. With a limit of 1 none do: of equal
 * vectors the product may be a little more than 1.
 */
export const isLookAlike = (cosine: number, limit: number): boolean => limit < 1 && cosine > limit;

/**
 * Of vectors [n, dimension] of length 1, best first: which stay when every one is left out whose cosine to one that stays above it, or to
 * one of `above` (vectors of the same kind, one after another), is higher than `limit`. With a limit of 1 all stay.
 */
export function* withoutLookAlikes(
  vectors: Float32Array,
  dimension: number,
  limit: number,
  above: Float32Array = new Float32Array(0),
): Pieces<boolean[]> {
  const count = vectors.length / dimension;
  const stays = Array.from({ length: count }, () => true);
  if (limit >= 1) return stays;
  const shown: Float32Array[] = [];
  for (let at = 0; at < above.length; at += dimension) shown.push(above.subarray(at, at + dimension));
  for (let i = 0; i < count; i++) {
    const vector = vectors.subarray(i * dimension, (i + 1) * dimension);
    if (shown.some((other) => isLookAlike(cosine(vector, other), limit))) stays[i] = false;
    else shown.push(vector);
    yield;
  }
  return stays;
}

function cosine(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
  return sum;
}
