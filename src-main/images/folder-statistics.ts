// Mean and deviation of a folder's own pixels, for images that look nothing like photographs.
import { setImmediate as breathe } from 'node:timers/promises';
import type { DecodeCache } from './cache.ts';

export interface ChannelStatistics {
  readonly mean: readonly [number, number, number];
  /** At least 1/255, so that a constant channel does not explode. */
  readonly std: readonly [number, number, number];
}

/**
 * Statistics per channel, of values in 0–1, over an even sample of the given contents; others get their turn after each picture. Sums are
 * of the same numbers in the same order as in every version: the settings of runs hold their last bit.
 */
export async function folderStatistics(cache: DecodeCache, hashes: readonly string[], sample = 2000): Promise<ChannelStatistics> {
  let [red, green, blue] = [0, 0, 0];
  let [redSquares, greenSquares, blueSquares] = [0, 0, 0];
  let count = 0;
  const stride = Math.max(1, hashes.length / sample);
  for (let i = 0; i < hashes.length; i += stride) {
    const image = await cache.get(hashes[Math.floor(i)]!);
    if (!image) continue;
    const { pixels } = image;
    for (let at = 0; at < pixels.length; at += 3) {
      const r = pixels[at]! / 255;
      const g = pixels[at + 1]! / 255;
      const b = pixels[at + 2]! / 255;
      red += r;
      green += g;
      blue += b;
      redSquares += r * r;
      greenSquares += g * g;
      blueSquares += b * b;
    }
    count += pixels.length / 3;
    await breathe();
  }
  const divisor = Math.max(1, count);
  const mean = [red / divisor, green / divisor, blue / divisor] as const;
  const deviation = (squares: number, average: number): number =>
    Math.max(1 / 255, Math.sqrt(Math.max(0, squares / divisor - average ** 2)));
  return { mean, std: [deviation(redSquares, mean[0]), deviation(greenSquares, mean[1]), deviation(blueSquares, mean[2])] };
}
