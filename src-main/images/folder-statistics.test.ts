import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DecodeCache } from './cache.ts';
import { folderStatistics } from './folder-statistics.ts';

const hashOf = (i: number): string => i.toString(16).padStart(64, '0');

it('has mean and deviation of all pixels of each channel, images weighted by their size, absent ones left out', async () => {
  const root = mkdtempSync(join(tmpdir(), 'folder-statistics-'));
  try {
    const cache = new DecodeCache(root, { access: 'write' });
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
    cache.dispose();
  } finally {
    rmSync(root, { recursive: true });
  }
});
