import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { DecodeCache } from './cache.ts';
import { patchBlocks } from './patch-blocks.ts';
import { placeImage, targetOf } from './patches.ts';
import type { View } from './patches.ts';
import type { CachedImage } from './shard-reader.ts';

const count = 300;
const lost = new Set([0, 17, 18, 150, 299]);
const hashOf = (i: number): string => (i + 1).toString(16).padStart(64, '0');
const hashes = Array.from({ length: count }, (_, i) => hashOf(i));
function picture(i: number): CachedImage {
  const random = new Random(i, 'test');
  const [width, height] = [20 + (i % 7), 24];
  return { width, height, pixels: Uint8Array.from({ length: width * height * 3 }, () => random.integer(256)) };
}
const preprocessing = {
  imageSize: 16,
  fit: 'crop',
  background: [255, 255, 255],
  intensity: 'full',
  intensityPercentile: [0.5, 99.5],
  intensityWindow: [0, 65_535],
  channels: 'rgb',
  mean: [0.5, 0.4, 0.3],
  std: [0.2, 0.3, 0.4],
} as const;
const perImage = 16 * 16 * 3;

let root = '';
let cache: DecodeCache;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'ijepa-patches-'));
  const writer = new DecodeCache(join(root, 'cache'), { access: 'write' });
  for (let i = 0; i < count; i++) if (!lost.has(i)) await writer.put(hashOf(i), picture(i));
  writer.dispose();
  cache = new DecodeCache(join(root, 'cache'), { access: 'read' });
});
afterAll(() => {
  cache.dispose();
  rmSync(root, { recursive: true });
});

/** Patches of all that came, by place. */
async function collect(wanted: readonly string[], batch: number, view: View): Promise<Map<number, Float32Array>> {
  const found = new Map<number, Float32Array>();
  let before = -1;
  for await (const { places, patches } of patchBlocks(cache, wanted, batch, { view, preprocessing, patchSize: 4 })) {
    expect(places.length).toBeGreaterThan(0);
    expect(patches.length).toBe(places.length * perImage);
    for (const [i, place] of places.entries()) {
      expect(place).toBeGreaterThan(before);
      before = place;
      found.set(place, patches.slice(i * perImage, (i + 1) * perImage));
    }
  }
  return found;
}

describe('blocks of patches', () => {
  it.each([
    ['on threads', count],
    ['of few pictures, without', 40],
  ])('hold each picture that can be read, %s', async (_, many) => {
    for (const view of ['whole', 'second'] as const)
      for (const batch of [7, 64, 1000]) {
        const found = await collect(hashes.slice(0, many), batch, view);
        const there = Array.from({ length: many }, (_, i) => i).filter((i) => !lost.has(i));
        expect([...found.keys()]).toEqual(there);
        const out = new Float32Array(perImage);
        for (const i of there) {
          placeImage(picture(i), view, preprocessing, targetOf(preprocessing, 4), out);
          expect(found.get(i), `picture ${i}`).toEqual(out);
        }
      }
  });

  it('of which a reader wants no more leave nothing waiting, and others come at the same time', async () => {
    const looks = { view: 'whole', preprocessing, patchSize: 4 } as const;
    for await (const { places } of patchBlocks(cache, hashes, 16, looks)) if (places.includes(20)) break;
    const [one, other] = await Promise.all([collect(hashes, 16, 'first'), collect(hashes, 50, 'first')]);
    expect(one).toEqual(other);
  });

  it('leave out what is damaged, and all of it where the files are gone', async () => {
    const folder = join(root, 'other');
    const writer = new DecodeCache(folder, { access: 'write' });
    for (let i = 0; i < count; i++) await writer.put(hashOf(i), picture(i));
    writer.dispose();
    const shard = join(folder, 'shard-00000.bin');
    const bytes = readFileSync(shard);
    bytes[bytes.length - 1]! ^= 1; // in the last picture
    writeFileSync(shard, bytes);
    const other = new DecodeCache(folder, { access: 'read' });
    const placesOf = async (): Promise<number[]> => {
      const found: number[] = [];
      for await (const { places } of patchBlocks(other, hashes, 16, { view: 'whole', preprocessing, patchSize: 4 })) found.push(...places);
      return found;
    };
    expect(await placesOf()).toEqual(Array.from({ length: count - 1 }, (_, i) => i));
    rmSync(folder, { recursive: true });
    // Files that are open could still be read: they are let go of between two jobs.
    expect(await placesOf()).toEqual([]);
    other.dispose();
  });
});
