// Mean and deviation of a folder's own pixels, for images that look nothing like photographs.
import type { DecodeCache } from './cache.ts';

export interface ChannelStatistics {
  readonly mean: readonly [number, number, number];
  /** At least 1/255, so that a constant channel does not explode. */
  readonly std: readonly [number, number, number];
}

/** Statistics per channel, of values in 0–1, over an even sample of the given contents. */
export async function folderStatistics(cache: DecodeCache, hashes: readonly string[], sample = 2000): Promise<ChannelStatistics> {
  const sums = [0, 0, 0];
  const squares = [0, 0, 0];
  let count = 0;
  const stride = Math.max(1, hashes.length / sample);
  for (let i = 0; i < hashes.length; i += stride) {
    const image = await cache.get(hashes[Math.floor(i)]!);
    if (!image) continue;
    const { pixels } = image;
    for (let at = 0; at < pixels.length; at += 3) {
      for (let c = 0; c < 3; c++) {
        const value = pixels[at + c]! / 255;
        sums[c]! += value;
        squares[c]! += value * value;
      }
    }
    count += pixels.length / 3;
  }
  const mean = sums.map((sum) => sum / Math.max(1, count)) as [number, number, number];
  const std = squares.map((square, c) => Math.max(1 / 255, Math.sqrt(Math.max(0, square / Math.max(1, count) - mean[c]! ** 2)))) as [
    number,
    number,
    number,
  ];
  return { mean, std };
}
