import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { BatchPlan } from './batch-plan.ts';
import type { BatchSettings } from './batch-worker.ts';
import { BatchSource } from './batches.ts';
import { DecodeCache } from './cache.ts';
import { randomResizedCrop, resampleCrop } from './crop.ts';
import { reduced, reductionOf } from './reduced-picture.ts';
import type { CachedImage } from './shard-reader.ts';

const count = 20;
const hashOf = (i: number): string => (i + 1).toString(16).padStart(64, '0');
const hashes = Array.from({ length: count }, (_, i) => hashOf(i));
function picture(i: number): CachedImage {
  const random = new Random(i, 'test');
  const [width, height] = [40 + i, 50];
  return { width, height, pixels: Uint8Array.from({ length: width * height * 3 }, () => random.integer(256)) };
}

/** The same, four times as large. */
function enlarged(i: number): CachedImage {
  const { width, height, pixels } = picture(i);
  const large = new Uint8Array(16 * pixels.length);
  for (let y = 0; y < 4 * height; y++)
    for (let x = 0; x < 4 * width; x++) {
      const at = 3 * (Math.floor(y / 4) * width + Math.floor(x / 4));
      large.set(pixels.subarray(at, at + 3), 3 * (4 * width * y + x));
    }
  return { width: 4 * width, height: 4 * height, pixels: large };
}

let root = '';
let settings: BatchSettings;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'batches-'));
  const cache = new DecodeCache(join(root, 'cache'), { access: 'write' });
  for (let i = 0; i < count; i++) await cache.put(hashOf(i), picture(i));
  cache.dispose();
  settings = {
    pictures: { cache: join(root, 'cache'), hashes },
    batchSize: 8,
    crops: 2,
    seed: 3,
    cropScale: [0.3, 1],
    cropAspect: [3 / 4, 4 / 3],
    flip: true,
    colourJitter: 0,
    greyscale: 0,
    targets: { target: { size: 16, patchSize: 4, mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.4] } },
  };
});
afterAll(() => rmSync(root, { recursive: true }));

async function collect(change: Partial<BatchSettings>, steps: readonly number[]): Promise<{ batches: Float32Array[]; skipped: number }> {
  const source = new BatchSource({ ...settings, ...change }, { most: 1 });
  try {
    const batches: Float32Array[] = [];
    let skipped = 0;
    for (const step of steps) {
      const batch = await source.next(step);
      batches.push(batch.patches.slice());
      ({ skipped } = batch);
    }
    return { batches, skipped };
  } finally {
    await source.dispose();
  }
}
/** The crop that a place of a step has when it shows picture `row`. */
function made(step: number, place: number, crop: number, row: number, flip: boolean): Float32Array {
  const { width, height, pixels } = picture(row);
  const random = new Random(settings.seed, 'crop', step, place * settings.crops + crop);
  const box = randomResizedCrop(random, width, height, settings.cropScale, settings.cropAspect);
  const out = new Float32Array(16 * 16 * 3);
  resampleCrop(pixels, width, height, box, flip && random.uniform() < 0.5, settings.targets.target, out);
  return out;
}
const perCrop = 16 * 16 * 3;

describe('batches', () => {
  it('hold for each image of the plan its two crops, mirrored half of the time', async () => {
    const { batches, skipped } = await collect({}, [0, 1, 2]);
    expect(skipped).toBe(0);
    const plan = new BatchPlan(count, settings.batchSize, settings.seed);
    batches.forEach((patches, step) => {
      expect(patches.length).toBe(8 * 2 * perCrop);
      plan.rows(step).forEach((row, place) => {
        for (let crop = 0; crop < 2; crop++) {
          const at = (place * 2 + crop) * perCrop;
          expect(patches.subarray(at, at + perCrop)).toEqual(made(step, place, crop, row, true));
        }
      });
    });
    const plain = await collect({ flip: false }, [0]);
    const row = plan.rows(0)[0]!;
    expect(plain.batches[0]!.subarray(0, perCrop)).toEqual(made(0, 0, 0, row, false));
  });

  it('hold the same crops in half the size before a step, also where a run is resumed', async () => {
    const { target } = settings.targets;
    const targets = { target, first: { until: 2, target: { ...target, size: 8 } } };
    const { batches } = await collect({ targets }, [0, 1, 2, 3]);
    const whole = await collect({}, [0, 1, 2, 3]);
    expect(batches.map(({ length }) => length / (8 * 2 * 3))).toEqual([64, 64, 256, 256]);
    expect(batches.slice(2)).toEqual(whole.batches.slice(2));
    expect((await collect({ targets }, [1, 2])).batches).toEqual(batches.slice(1, 3));
    // Both show the same part of a picture: the mean of each patch of the small one is near that of four patches.
    const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    for (let crop = 0; crop < 16; crop++) {
      const small = batches[0]!.subarray(crop * 192, (crop + 1) * 192);
      const large = whole.batches[0]!.subarray(crop * 768, (crop + 1) * 768);
      expect(Math.abs(mean(small) - mean(large))).toBeLessThan(0.1);
    }
  });

  it('are the same whenever and wherever a run is resumed', async () => {
    const { batches } = await collect({}, [0, 1, 2, 3, 4, 5, 6]);
    const resumed = await collect({}, [4, 5, 6]);
    expect(resumed.batches).toEqual(batches.slice(4));
    expect((await collect({ seed: 4 }, [0])).batches[0]).not.toEqual(batches[0]);
  });

  it('are there before they are asked for', async () => {
    const source = new BatchSource(settings);
    try {
      await source.next(0);
      let steady = 0;
      for (let step = 1; step <= 10; step++) {
        await sleep(60); // what a step of training takes at least
        const { waitedMs } = await source.next(step);
        if (waitedMs < 20) steady++;
      }
      expect(steady).toBeGreaterThanOrEqual(5);
      expect(source.waitedMs).toBeGreaterThan(0);
    } finally {
      await source.dispose();
    }
  });

  it('are shared among threads where steps wait for them, and stay the same', async () => {
    // Crops take far longer than nothing, which is what these steps do beside.
    const { target } = settings.targets;
    const large = { ...settings, targets: { target: { ...target, size: 64, patchSize: 16 } } };
    const source = new BatchSource(large, { most: 3 });
    try {
      let step = 0;
      while (source.threads < 3 && step < 5000) await source.next(step++);
      expect(source.threads).toBe(3);
      // The two that were asked for already have fewer shares.
      const steps = [0, 1, 2, 3, 4, 5].map((ahead) => step + ahead);
      const shared = [];
      for (const one of steps) shared.push((await source.next(one)).patches.slice());
      expect(source.threads).toBe(3);
      expect(shared).toEqual((await collect(large, steps)).batches);
    } finally {
      await source.dispose();
    }
  });

  it('go on where no other thread can be started: its cache cannot be opened any more', async () => {
    const folder = join(root, 'going');
    const writer = new DecodeCache(folder, { access: 'write' });
    for (let i = 0; i < count; i++) await writer.put(hashOf(i), picture(i));
    writer.dispose();
    const { target } = settings.targets;
    const large = { pictures: { cache: folder, hashes }, targets: { target: { ...target, size: 64, patchSize: 16 } } };
    const source = new BatchSource({ ...settings, ...large }, { most: 2 });
    try {
      await source.next(0);
      rmSync(folder, { recursive: true });
      // The other one is asked for after a second of waiting.
      const began = performance.now();
      for (let step = 1; performance.now() - began < 2500; step++) expect((await source.next(step)).skipped).toBe(0);
      expect(source.threads).toBe(1);
    } finally {
      await source.dispose();
    }
  });

  it('of pictures that were made up need no cache', async () => {
    const { batches } = await collect({ pictures: { invented: 4, shortSide: 30 } }, [0, 1]);
    expect(batches.map(({ length }) => length)).toEqual([8 * 2 * perCrop, 8 * 2 * perCrop]);
    const mean = batches[0]!.reduce((sum, value) => sum + value, 0) / batches[0]!.length;
    expect(Math.abs(mean)).toBeLessThan(2);
    expect(new Set(batches[0]!).size).toBeGreaterThan(1000);
  });

  it('of small crops are cut from smaller pictures, which are kept: the cache is read once', async () => {
    const cache = join(root, 'large');
    const writer = new DecodeCache(cache, { access: 'write' });
    for (let i = 0; i < count; i++) await writer.put(hashOf(i), enlarged(i));
    writer.dispose();
    const small = { pictures: { cache, hashes }, targets: { target: { ...settings.targets.target, size: 8 } } };
    const source = new BatchSource({ ...settings, ...small }, { most: 1 });
    try {
      // Two epochs and a half.
      const first = [];
      for (let step = 0; step < 3; step++) first.push((await source.next(step)).patches.slice());
      await sleep(200);
      // What is in the file now is read no more.
      writeFileSync(join(cache, 'shard-00000.bin'), Buffer.alloc(statSync(join(cache, 'shard-00000.bin')).size));
      for (let step = 3; step < 9; step++) expect((await source.next(step)).skipped).toBe(0);
      // And the crops are those of the smaller pictures.
      const plan = new BatchPlan(count, settings.batchSize, settings.seed);
      const out = new Float32Array(8 * 8 * 3);
      for (const [place, row] of plan.rows(0).entries()) {
        const { width, height, pixels } = reduced(enlarged(row), reductionOf(enlarged(row), 8, settings));
        const random = new Random(settings.seed, 'crop', 0, 2 * place);
        const box = randomResizedCrop(random, width, height, settings.cropScale, settings.cropAspect);
        resampleCrop(pixels, width, height, box, random.uniform() < 0.5, small.targets.target, out);
        expect(first[0]!.subarray(2 * place * 192, (2 * place + 1) * 192)).toEqual(out);
      }
    } finally {
      await source.dispose();
    }
  });

  it('stay as they are until two more were asked for', async () => {
    const source = new BatchSource(settings);
    try {
      const first = await source.next(0);
      const copy = first.patches.slice();
      const second = await source.next(1);
      await sleep(100);
      expect(first.patches).toEqual(copy);
      expect(second.patches).not.toEqual(copy);
    } finally {
      await source.dispose();
    }
  });

  it('take another image for one that cannot be read, and count it', async () => {
    const cache = join(root, 'damaged');
    const writer = new DecodeCache(cache, { access: 'write' });
    for (let i = 0; i < count; i++) if (i !== 6) await writer.put(hashOf(i), picture(i));
    writer.dispose();
    const shard = join(cache, 'shard-00000.bin');
    const bytes = readFileSync(shard);
    bytes[100]! ^= 1; // in picture 0
    writeFileSync(shard, bytes);
    // 20 images in 5 steps of 8: every image twice, so both of the bad ones twice.
    const { batches, skipped } = await collect({ pictures: { cache, hashes } }, [0, 1, 2, 3, 4]);
    expect(skipped).toBe(4);
    const again = await collect({ pictures: { cache, hashes } }, [0, 1, 2, 3, 4]);
    expect(again.batches).toEqual(batches);
    const plan = new BatchPlan(count, settings.batchSize, settings.seed);
    const [step, place] = [0, 1, 2].flatMap((s) => [...plan.rows(s)].map((row, i) => [s, i, row])).find(([, , row]) => row === 6)! as [
      number,
      number,
    ];
    const at = place * 2 * perCrop;
    expect(batches[step]!.subarray(at, at + perCrop)).toEqual(made(step, place, 0, 7, true));
  });

  it('say when no image can be read, when there is no cache, and when they are shut down', async () => {
    const empty = join(root, 'empty');
    const nowhere = { cache: join(root, 'nowhere'), hashes };
    new DecodeCache(empty, { access: 'write' }).dispose();
    await expect(collect({ pictures: { cache: empty, hashes } }, [0])).rejects.toMatchObject({ code: 'no-images' });
    await expect(collect({ pictures: nowhere }, [0])).rejects.toMatchObject({ code: 'not-found' });
    const late = new BatchSource({ ...settings, pictures: nowhere });
    await sleep(300); // the thread has failed by now
    await expect(late.next(0)).rejects.toMatchObject({ code: 'not-found' });
    await late.dispose();
    expect(() => new BatchSource({ ...settings, pictures: { cache: join(root, 'cache'), hashes: [] } })).toThrow(
      expect.objectContaining({ code: 'no-images' }),
    );
    const source = new BatchSource(settings);
    const asked = source.next(0).then(() => source.next(50_000));
    await source.dispose();
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
  });
});
