// Pictures for training that are no larger than its crops need: cut from fewer pixels, a small crop takes a fifth of the time.
import type { CachedImage } from './shard-reader.ts';

/** What crops are drawn with, as far as it says how small they may be. */
export interface CropRange {
  readonly cropScale: readonly [number, number];
  readonly cropAspect: readonly [number, number];
}

/**
 * By how much a picture may be made smaller, a whole number, so that no crop of it has fewer than `fewest` pixels along a side. Depends on
 * the picture and the run's settings alone: crops of a step are the same whoever makes them.
 */
export function reductionOf(
  { width, height }: Pick<CachedImage, 'width' | 'height'>,
  fewest: number,
  { cropScale, cropAspect }: CropRange,
): number {
  const smallest = Math.sqrt(width * height * cropScale[0] * Math.min(cropAspect[0], 1 / cropAspect[1]));
  return Math.max(1, Math.floor(Math.min(smallest, width, height) / fewest));
}

/** The picture as crops with at least `fewest` pixels along a side are cut from it: itself, or a smaller one. */
export function forTraining(picture: CachedImage, fewest: number, range: CropRange): CachedImage {
  const factor = reductionOf(picture, fewest, range);
  return factor === 1 ? picture : reduced(picture, factor);
}

/** Each pixel the mean of `factor` × `factor`; columns and rows at the end that make no whole pixel are left out. */
export function reduced({ width, height, pixels }: CachedImage, factor: number): CachedImage {
  const [across, down] = [Math.floor(width / factor), Math.floor(height / factor)];
  const out = new Uint8Array(across * down * 3);
  const sums = new Uint32Array(3 * across);
  const share = 1 / (factor * factor);
  for (let y = 0; y < down; y++) {
    sums.fill(0);
    for (let row = y * factor; row < (y + 1) * factor; row++)
      for (let x = 0, at = 3 * row * width; x < sums.length; x += 3)
        for (const end = at + 3 * factor; at < end; at += 3) {
          sums[x] = sums[x]! + pixels[at]!;
          sums[x + 1] = sums[x + 1]! + pixels[at + 1]!;
          sums[x + 2] = sums[x + 2]! + pixels[at + 2]!;
        }
    for (let i = 0, to = y * sums.length; i < sums.length; i++, to++) out[to] = sums[i]! * share + 0.5;
  }
  return { width: across, height: down, pixels: out };
}
