import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DecodeCache } from './cache.ts';
import { folderStatistics } from './folder-statistics.ts';
import type { ChannelStatistics } from './folder-statistics.ts';
import type { CachedImage } from './shard-reader.ts';

let root = '';
let cache: DecodeCache;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'folder-statistics-'));
  cache = new DecodeCache(root, { access: 'write' });
});
afterEach(() => {
  cache.dispose();
  rmSync(root, { recursive: true });
});

const hashOf = (i: number): string => i.toString(16).padStart(64, '0');

it('has mean and deviation of all pixels of each channel, images weighted by their size, absent ones left out', async () => {
  // Red: 0 and 255 half each over both images. Green: 51 in one pixel of four, 102 in the others. Blue: constant.
  await cache.put(hashOf(1), { width: 2, height: 1, pixels: Uint8Array.of(0, 51, 30, 255, 102, 30) });
  await cache.put(hashOf(2), { width: 1, height: 2, pixels: Uint8Array.of(255, 102, 30, 0, 102, 30) });
  const { mean, std } = await folderStatistics(cache, [hashOf(1), hashOf(9), hashOf(2)]);
  expect(mean.map((value) => value * 255)).toEqual([127.5, 89.25, 30].map((value) => expect.closeTo(value, 6)));
  expect(std[0]).toBeCloseTo(0.5, 9);
  expect(std[1] * 255).toBeCloseTo(Math.sqrt(0.25 * 38.25 ** 2 + 0.75 * 12.75 ** 2), 6);
  expect(std[2]).toBe(1 / 255);
  // A sample is spread evenly: the first of each pair of a hundred.
  const hashes = Array.from({ length: 100 }, (_, i) => hashOf(i % 2 === 0 ? 1 : 9));
  expect((await folderStatistics(cache, hashes, 50)).mean[1] * 255).toBeCloseTo(76.5, 6);
});

/** No two channels and no two pictures alike. */
function picture(i: number): CachedImage {
  const [width, height] = [9 + i, 7];
  return { width, height, pixels: Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * (31 + i) + (at >> 3) * 7) & 255) };
}

/** As the first version of the program summed: the settings of its runs hold such figures. */
function summedInOrder(pictures: readonly CachedImage[]): ChannelStatistics {
  const [sums, squares] = [
    [0, 0, 0],
    [0, 0, 0],
  ];
  let count = 0;
  for (const { pixels } of pictures) {
    for (let at = 0; at < pixels.length; at++) {
      const value = pixels[at]! / 255;
      sums[at % 3]! += value;
      squares[at % 3]! += value * value;
    }
    count += pixels.length / 3;
  }
  const mean = sums.map((sum) => sum / count) as [number, number, number];
  return { mean, std: squares.map((square, c) => Math.sqrt(square / count - mean[c]! ** 2)) as [number, number, number] };
}

it('has the same figures to the last bit as those that runs were begun with', async () => {
  const pictures = Array.from({ length: 20 }, (_, i) => picture(i));
  for (const [i, one] of pictures.entries()) await cache.put(hashOf(i), one);
  const hashes = pictures.map((_, i) => hashOf(i));
  expect(await folderStatistics(cache, hashes)).toEqual(summedInOrder(pictures));
});

it('lets others have their turn after each picture', async () => {
  const hashes = Array.from({ length: 12 }, (_, i) => hashOf(i));
  for (const [i, hash] of hashes.entries()) await cache.put(hash, picture(i));
  let [turns, over] = [0, false];
  const turn = (): void => {
    if (over) return;
    turns++;
    setImmediate(turn);
  };
  setImmediate(turn);
  await folderStatistics(cache, hashes);
  over = true;
  expect(turns).toBeGreaterThanOrEqual(hashes.length - 1);
});
