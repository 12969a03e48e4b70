import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Random } from '../../shared/random.ts';
import { cacheFolder, clearCaches, defaultCacheGrowth, estimateCacheBytes, forgetPictures } from './cache-space.ts';
import { DecodeCache } from './cache.ts';
import type { CachedImage } from './shard-reader.ts';
import { plainSettings, quadrantPixels } from './testing/test-images.ts';

let root = '';
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'decode-cache-'))));
afterEach(() => rmSync(root, { recursive: true }));

const recordBytes = 68;
const hashOf = (i: number): string => createHash('sha256').update(String(i)).digest('hex');
function picture(i: number, width = 7 + i, height = 5): CachedImage {
  const random = new Random(i, 'test');
  return { width, height, pixels: Uint8Array.from({ length: width * height * 3 }, () => random.integer(256)) };
}
const writer = (maxBytes?: number): DecodeCache => new DecodeCache(root, { access: 'write', ...(maxBytes !== undefined && { maxBytes }) });
const index = (): string => join(root, 'index.bin');
const shard = (): string => join(root, 'shard-00000.bin');

async function filled(count: number): Promise<void> {
  const cache = writer();
  for (let i = 0; i < count; i++) await cache.put(hashOf(i), picture(i));
  cache.dispose();
}

function damage(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at]! ^= 0x55;
  writeFileSync(file, bytes);
}

/** Numbers of the pictures that read back exactly; any other must be absent, never wrong. */
async function readable(cache: DecodeCache, count: number): Promise<number[]> {
  const good: number[] = [];
  for (let i = 0; i < count; i++) {
    const image = await cache.get(hashOf(i));
    if (!image) continue;
    expect(image).toEqual(picture(i));
    good.push(i);
  }
  return good;
}

describe('decode cache', () => {
  it('gives back what was put, at once and after it is opened again', async () => {
    const cache = writer();
    for (let i = 0; i < 5; i++) await cache.put(hashOf(i), picture(i));
    expect(await readable(cache, 5)).toEqual([0, 1, 2, 3, 4]);
    expect(cache.dimensions(hashOf(3))).toMatchObject({ width: 10, height: 5 });
    const { bytes } = cache;
    cache.dispose();
    expect(bytes).toBe(statSync(index()).size + statSync(shard()).size);
    const again = new DecodeCache(root, { access: 'read' });
    expect([again.size, again.bytes, again.has(hashOf(5))]).toEqual([5, bytes, false]);
    expect(await again.get(hashOf(5))).toBeUndefined();
    expect(await readable(again, 5)).toEqual([0, 1, 2, 3, 4]);
    again.dispose();
  });

  it('keeps a picture once, also when it is put twice at the same time', async () => {
    const cache = writer(3000);
    const large = picture(1, 30, 20);
    await Promise.all([cache.put(hashOf(1), large), cache.put(hashOf(1), large), cache.put(hashOf(2), picture(2))]);
    await cache.put(hashOf(2), picture(2));
    cache.dispose();
    expect(statSync(index()).size).toBe(2 * recordBytes);
  });

  it('loses only the last picture when its record is torn, and writes on in step', async () => {
    for (const cut of [1, 33, 67]) {
      rmSync(root, { recursive: true });
      await filled(4);
      truncateSync(index(), 4 * recordBytes - cut);
      const cache = writer();
      expect(await readable(cache, 4)).toEqual([0, 1, 2]);
      await cache.put(hashOf(3), picture(3));
      await cache.put(hashOf(4), picture(4));
      cache.dispose();
      const again = writer();
      expect(await readable(again, 5)).toEqual([0, 1, 2, 3, 4]);
      again.dispose();
    }
  });

  it('takes a picture for absent when its bytes are not all there', async () => {
    await filled(3);
    truncateSync(shard(), statSync(shard()).size - 1);
    const cache = writer();
    expect(cache.has(hashOf(2))).toBe(false);
    await cache.put(hashOf(2), picture(2));
    expect(await readable(cache, 3)).toEqual([0, 1, 2]);
    cache.dispose();
    rmSync(shard());
    const empty = new DecodeCache(root, { access: 'read' });
    expect(empty.size).toBe(0);
    empty.dispose();
  });

  it('finds damaged pictures by their checksum and, when asked, forgets them so that they are made again', async () => {
    await filled(3);
    damage(shard(), 7 * 5 * 3 + 4);
    const cache = writer();
    expect(await readable(cache, 3)).toEqual([0, 2]);
    expect(await cache.forgetDamaged()).toBe(1);
    expect(cache.has(hashOf(1))).toBe(false);
    await cache.put(hashOf(1), picture(1));
    cache.dispose();
    const again = new DecodeCache(root, { access: 'read' });
    expect(await readable(again, 3)).toEqual([0, 1, 2]);
    again.dispose();
  });

  it('gives others their turn while its index and its pictures are read, and can be given up then', async () => {
    await filled(8);
    // Every piece of the work takes long.
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 10));
    try {
      let turns = 0;
      const count = (): void => void (turns++, (timer = setImmediate(count)));
      let timer = setImmediate(count);
      const cache = await DecodeCache.open(root, { access: 'write', mayGrow: 5 });
      expect(turns).toBeGreaterThan(0);
      expect([cache.size, cache.maxBytes]).toEqual([8, cache.bytes + 5]);
      turns = 0;
      expect(await cache.forgetDamaged()).toBe(0);
      expect(turns).toBeGreaterThanOrEqual(8);
      clearImmediate(timer);
      await expect(cache.forgetDamaged(AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
      await expect(DecodeCache.open(root, { access: 'write' }, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
      cache.dispose();
    } finally {
      clock.mockRestore();
    }
  });

  it('loses one picture for a damaged record in the middle of the index', async () => {
    await filled(5);
    damage(index(), 2 * recordBytes + 40);
    const cache = writer();
    expect(await readable(cache, 5)).toEqual([0, 1, 3, 4]);
    await cache.put(hashOf(5), picture(5));
    cache.dispose();
    const again = writer();
    expect(await readable(again, 6)).toEqual([0, 1, 3, 4, 5]);
    again.dispose();
  });

  it('lets readers look on beside a writer, which see what was added when they refresh', async () => {
    const cache = writer();
    await cache.put(hashOf(0), picture(0));
    const reader = new DecodeCache(root, { access: 'read' });
    for (let i = 1; i < 6; i++) await cache.put(hashOf(i), picture(i));
    expect(await readable(reader, 6)).toEqual([0]);
    // Half of a record, as a reader may see it while the writer is at it.
    const whole = readFileSync(index());
    const handle = openSync(index(), 'r+');
    const torn = Buffer.from(whole.subarray(5 * recordBytes));
    torn.fill(0, 40);
    writeSync(handle, torn, 0, recordBytes, 5 * recordBytes);
    reader.refresh();
    expect(await readable(reader, 6)).toEqual([0, 1, 2, 3, 4]);
    writeSync(handle, whole, 5 * recordBytes, recordBytes, 5 * recordBytes);
    closeSync(handle);
    reader.refresh();
    expect(await readable(reader, 6)).toEqual([0, 1, 2, 3, 4, 5]);
    reader.dispose();
    cache.dispose();
  });

  it('keeps raw pictures up to half of the limit, JPEG beyond, and says when the limit is reached', async () => {
    const [width, height] = [64, 48];
    const image = { width, height, pixels: quadrantPixels(width, height) };
    const raw = image.pixels.length;
    const cache = writer(4 * raw);
    let put = 0;
    const fill = async (): Promise<void> => {
      for (; put < 100; put++) await cache.put(hashOf(put), image);
    };
    await expect(fill()).rejects.toMatchObject({ code: 'disk-full' });
    expect(put).toBeGreaterThan(4);
    expect(cache.bytes).toBeLessThanOrEqual(4 * raw + put * recordBytes);
    expect((await cache.get(hashOf(0)))!.pixels).toEqual(image.pixels);
    const last = (await cache.get(hashOf(put - 1)))!;
    expect([last.width, last.height, last.pixels.length]).toEqual([width, height, raw]);
    expect(Math.max(...last.pixels.map((value, i) => Math.abs(value - image.pixels[i]!)))).toBeLessThan(24);
    expect(last.pixels).not.toEqual(image.pixels);
    cache.dispose();
    const again = new DecodeCache(root, { access: 'read' });
    expect(again.size).toBe(put);
    again.dispose();
  });

  it.each([
    // The encoder ends at 65,500 pixels a side, the format at 65,535.
    [65_501, 1],
    [1, 65_536],
  ])('keeps a picture of %i×%i pixels raw beyond half of the limit, as no JPEG can hold it', async (width, height) => {
    const pixels = Uint8Array.from({ length: 3 * width * height }, (_, at) => at & 255);
    const cache = writer(1.5 * pixels.length);
    await cache.put(hashOf(0), { width, height, pixels });
    expect(await cache.get(hashOf(0))).toEqual({ width, height, pixels });
    cache.dispose();
  });

  it('takes more whatever it holds already, by as much as it may grow', async () => {
    await filled(30);
    const held = statSync(index()).size + statSync(shard()).size;
    const mayGrow = Math.floor(held / 10);
    const cache = new DecodeCache(root, { access: 'write', mayGrow });
    expect(cache.maxBytes).toBe(held + mayGrow);
    await cache.put(hashOf(30), picture(0));
    expect(cache.has(hashOf(30))).toBe(true);
    const large = picture(31, 40, 40);
    await expect(cache.put(hashOf(31), large)).rejects.toMatchObject({ code: 'disk-full' });
    cache.dispose();
  });

  it('forgets pictures that are made otherwise now, and takes them in again', async () => {
    const folder = join(root, '256-abc');
    const cache = new DecodeCache(folder, { access: 'write' });
    for (let i = 0; i < 5; i++) await cache.put(hashOf(i), picture(i));
    cache.dispose();
    appendFileSync(join(root, 'beside'), 'no cache');
    forgetPictures(root, new Set([1, 3].map(hashOf)));
    const changed = new DecodeCache(folder, { access: 'write' });
    expect(await readable(changed, 5)).toEqual([0, 2, 4]);
    expect([changed.has(hashOf(1)), changed.size]).toEqual([false, 3]);
    await changed.put(hashOf(3), picture(3));
    changed.dispose();
    const again = new DecodeCache(folder, { access: 'read' });
    expect(await readable(again, 5)).toEqual([0, 2, 3, 4]);
    again.dispose();
  });

  it('is deleted with the bytes that it took, and nothing else is', async () => {
    await filled(3);
    const bytes = statSync(index()).size + statSync(shard()).size;
    appendFileSync(`${root}.beside`, 'kept');
    expect(clearCaches(root)).toBe(bytes);
    expect(existsSync(root)).toBe(false);
    expect(clearCaches(root)).toBe(0);
    expect(readFileSync(`${root}.beside`, 'utf8')).toBe('kept');
    rmSync(`${root}.beside`);
    expect(() => new DecodeCache(root, { access: 'read' })).toThrow(expect.objectContaining({ code: 'not-found' }));
    writer().dispose();
  });
});

describe('size of the cache', () => {
  it('is raw within half of the limit, mixed beyond it, and may be more than the limit allows', () => {
    expect(estimateCacheBytes(1000, 256 * 320, 1e9)).toEqual({ bytes: 1000 * 256 * 320 * 3, jpeg: false });
    const large = estimateCacheBytes(100_000, 256 * 320, 10e9);
    expect(large.jpeg).toBe(true);
    expect(large.bytes).toBeGreaterThan(5e9);
    expect(large.bytes).toBeLessThan(100_000 * 256 * 320 * 3);
    expect(estimateCacheBytes(1e8, 256 * 320, 10e9).bytes).toBeGreaterThan(10e9);
  });

  it('counts what a cache holds: only what is left of half of its limit is for raw pictures', () => {
    expect(estimateCacheBytes(100, 1000, 2e6, 5e5)).toEqual({ bytes: 3e5, jpeg: false });
    expect(estimateCacheBytes(100, 1000, 2e6, 9e5)).toEqual({ bytes: 1e5 + 2e5 / 8, jpeg: true });
    expect(estimateCacheBytes(100, 1000, 2e6, 15e5)).toEqual({ bytes: 3e5 / 8, jpeg: true });
  });

  it('may grow by a tenth of the free disk by default', () => {
    const { bavail, bsize } = statfsSync(root);
    expect(defaultCacheGrowth(root) / ((bavail * bsize) / 10)).toBeCloseTo(1, 1);
  });
});

it('has a folder of its own for everything that changes pixels, and for nothing else', () => {
  const folder = (change: object = {}, side = 256): string => cacheFolder('root', side, { ...plainSettings, ...change });
  expect(folder()).toBe(folder({ intensityPercentile: [5, 95], intensityWindow: [0, 10] }));
  const different = [
    folder(),
    folder({}, 255),
    folder({ background: [0, 0, 0] }),
    folder({ channels: 'red' }),
    folder({ intensity: 'percentile' }),
    folder({ intensity: 'percentile', intensityPercentile: [5, 95] }),
    folder({ intensity: 'window' }),
    folder({ intensity: 'window', intensityWindow: [0, 10] }),
  ];
  expect(new Set(different).size).toBe(different.length);
});
