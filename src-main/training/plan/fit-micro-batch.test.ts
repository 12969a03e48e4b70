// Micro-batches for cards of so many bytes, and for a run that goes on.
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { parseConfig } from '../../../shared/config/config.ts';
import type { DeviceId } from '../../../shared/devices.ts';
import { AppError } from '../../../shared/errors.ts';
import { atOnce } from '../../files/in-pieces.ts';
import { plannedConfig } from '../testing/planned-config.ts';
import {
  cardMicroBatchInPieces,
  cardWasFull,
  processorMicroBatchInPieces,
  shareOfCard,
  usedMicroBatch,
  whatFitsCard,
  whyNoSmaller,
} from './fit-micro-batch.ts';
import type { CardToFit, MicroBatch } from './fit-micro-batch.ts';
import { cardMemoryInPieces } from './memory-plan.ts';
import { automaticMicroBatch, possibleMicroBatches } from './step-size.ts';

const config = plannedConfig({ evaluateImages: 0 });
const needs = (images: number, of = config): number => atOnce(cardMemoryInPieces({ ...of, microBatch: images })).total;
const on = (card: CardToFit | undefined, of: TrainConfig = config, device: DeviceId = 'webgpu'): MicroBatch =>
  atOnce(cardMicroBatchInPieces(of, device, card));
const cardOf = (memoryFree: number): CardToFit => ({ name: 'A card', memory: 24e9, memoryFree });

describe('the micro-batch for a card', () => {
  it('is the whole batch where that fits the share of the free memory, and says so', () => {
    const { images, reason, lacking } = on(cardOf(needs(96) / shareOfCard + 1));
    expect(images).toBe(96);
    expect(reason).toMatch(/^All 96 images of a batch: about \d+ MB, and A card has \d+ MB free\.$/);
    expect(lacking).toBeUndefined();
    expect(on(cardOf(needs(96) / shareOfCard - 1)).images).toBe(48);
  });

  it('is the largest divisor that fits, for any number of bytes', () => {
    const divisors = possibleMicroBatches(config);
    for (const [i, images] of divisors.entries()) {
      if (i % 3 > 0 && images < 96) continue;
      const found = on(cardOf(needs(images) / shareOfCard + 1));
      expect(found.images).toBe(images);
      expect(found.lacking).toBeUndefined();
      if (i < divisors.length - 1) expect(found.reason).toContain(`${images} of 96 images in a pass, the most that fit 85 % of it: about`);
    }
  });

  it('leaves room for the copies that float16 makes', () => {
    const rounded: TrainConfig = { ...config, precision: 'float16' };
    expect(needs(96, rounded) / needs(96)).toBeGreaterThan(1.3);
    expect(needs(96, rounded) / needs(96)).toBeLessThan(1.5);
    expect(on(cardOf(needs(96) / shareOfCard + 1), rounded).images).toBeLessThan(96);
  });

  it('leaves room for evaluations, which hold the weights, the patches and the scores of a pass of their own', () => {
    const judged: TrainConfig = { ...config, evaluateImages: 500 };
    const scores = 64 * 64 ** 2 * 2 * 4;
    for (const images of [1, 96]) expect(needs(images, judged) - needs(images)).toBeGreaterThan(2 * scores + 4 * 64 * 3 * 64 ** 2);
    expect(needs(96, judged) - needs(96)).toBe(needs(1, judged) - needs(1));
    expect(on(cardOf(needs(96) / shareOfCard + 1), judged).images).toBeLessThan(96);
    // A sample of another size is passed in more passes of the same.
    expect(needs(96, { ...judged, evaluateImages: 5000 })).toBe(needs(96, judged));
  });

  it('keeps predicted crops spread evenly', () => {
    const some = { ...config, agreement: 1, predictionStride: 8 };
    for (const images of [4, 12, 32]) expect(on(cardOf(needs(images, some) / shareOfCard + 1), some).images).toBe(images);
  });

  it('does not ask for buffers that drivers do not hand out, however much memory there is', () => {
    const large = parseConfig({ architecture: 'base', imageSize: 224, patchSize: 16, batchSize: 4096 });
    const { images, reason } = on(cardOf(1e13), large);
    expect(images).toBeLessThan(4096);
    expect(reason).toContain('the largest buffer that is sure to be had');
    for (const [passing, isSmall] of [
      [images, true],
      [2 * images, false],
    ] as const)
      expect(atOnce(cardMemoryInPieces({ ...large, microBatch: passing })).largest <= 2 ** 30).toBe(isSmall);
    for (const device of ['dml', 'coreml'] as const) expect(on(cardOf(1e13), large, device).images).toBe(images);
    // CUDA has no such buffers.
    for (const device of ['cuda', 'tensorflow'] as const) {
      const many = on(cardOf(1e13), large, device).images;
      expect(many).toBe(8 * images);
      expect(atOnce(cardMemoryInPieces({ ...large, microBatch: many })).largest).toBeLessThanOrEqual(2 ** 33);
    }
  });

  it('goes by all of the memory where only that is known, and by what is best for a processor where no card is', () => {
    expect(on({ name: 'A card', memory: needs(48) / shareOfCard + 1 })).toMatchObject({
      images: 48,
      reason: expect.stringMatching(/A card has \d+ MB\.$/) as string,
    });
    const { images, reason } = on(undefined);
    expect(images).toBe(automaticMicroBatch(config));
    expect(reason).toContain('the graphics card has free is not known');
  });

  it('is that of a small card where one says nothing of its memory, which is said, and no warning follows from it', () => {
    const { images, reason, lacking } = on({ name: 'A card' });
    expect(images).toBe(96);
    expect(images).toBeGreaterThan(automaticMicroBatch(config));
    expect(reason).toMatch(
      /^All 96 images of a batch: about \d+ MB, and A card is assumed to have 3\.0 GB, as the system does not say how much\.$/,
    );
    expect(lacking).toBeUndefined();
    const large = parseConfig({ architecture: 'base', imageSize: 224, patchSize: 16, batchSize: 256 });
    const silent = on({ name: 'A card' }, large);
    expect(silent.images).toBe(on({ name: 'A card', memory: 3e9 }, large).images);
    expect(silent.lacking).toBeUndefined();
    expect(on({ name: 'A card' }, { ...large, microBatch: 256 }).lacking).toBeUndefined();
  });

  it('is the smallest where none fits, with what to do', () => {
    const { images, lacking } = on(cardOf(1e6));
    expect(images).toBe(1);
    expect(lacking!.message).toMatch(/Even the smallest micro-batch takes about \d+ MB, and A card has 1 MB of memory free/);
    for (const way of ['imageSize', 'contextTokens', 'device=cpu']) expect(lacking!.hint).toContain(way);
    // It fits the card, but not the share: worth a try.
    expect(on(cardOf(needs(1) + 1)).lacking).toBeUndefined();
  });

  it('is the one that is set, with a warning where it does not fit', () => {
    const set = { ...config, microBatch: 32 };
    expect(on(cardOf(2e9), set)).toEqual({ images: 32, reason: '32 of 96 images in a pass, as set.' });
    const { images, lacking } = on(cardOf(1e7), set);
    expect(images).toBe(32);
    expect(lacking!.message).toMatch(/Micro-batches of 32 images take about \d+ MB, and A card has 10 MB/);
    expect(on(undefined, set).lacking).toBeUndefined();
  });
});

describe('the micro-batch for a processor', () => {
  it('is what is best for its caches where that fits, and as much as fits where not', () => {
    const on = (free: number): MicroBatch => atOnce(processorMicroBatchInPieces(config, free));
    const best = automaticMicroBatch(config);
    expect(on(64e9)).toEqual({ images: best, reason: `${best} of 96 images in a pass, which is fastest on a processor.` });
    expect(on(1e8)).toMatchObject({
      images: 1,
      lacking: { message: expect.stringContaining('there are 100 MB of memory free') as string },
    });
  });
});

describe('a card that is full in the middle of work', () => {
  const full = new AppError('out-of-memory', 'The device ran out of memory.', 'Choose less.');

  it('is noted with the next smaller micro-batch, unless there is none, or a person has set it', () => {
    expect(cardWasFull(full, 'webgpu', config, 96, 40)).toMatchObject({
      type: 'note',
      step: 40,
      microBatch: 48,
      fromCheckpoint: true,
    });
    expect(cardWasFull(full, 'webgpu', config, 1, 40)).toBeUndefined();
    expect(cardWasFull(full, 'webgpu', { ...config, microBatch: 96 }, 96, 40)).toBeUndefined();
    expect(cardWasFull(full, 'cpu', config, 96, 40)).toBeUndefined();
    expect(cardWasFull(new AppError('device-failed', 'Lost.', 'Again.'), 'webgpu', config, 96, 40)).toBeUndefined();
  });

  it('is left for want of a smaller one only where there is none, or else because a person has set it', () => {
    const set = { ...config, microBatch: 48 };
    expect(whyNoSmaller(set)).toBe('Its micro-batch is set to 48: with microBatch 0 a run takes the largest that fits the card.');
    expect(whatFitsCard(set)).toContain('with microBatch 0');
    for (const least of [config, { ...config, microBatch: 1 }]) {
      expect(whyNoSmaller(least)).toBe('No smaller micro-batch was left for this run.');
      expect(whatFitsCard(least)).toBe('with a smaller imageSize or network');
    }
  });
});

describe('a run that goes on', () => {
  let run: string;
  beforeEach(() => (run = mkdtempSync(join(tmpdir(), 'ijepa-used-'))));
  afterEach(() => rmSync(run, { recursive: true, force: true }));
  const log = (event: Readonly<Record<string, unknown>>): void => appendFileSync(join(run, 'metrics.jsonl'), `${JSON.stringify(event)}\n`);
  const started = (device: string, microBatch: number): void => log({ type: 'started', step: 0, device, sizes: { microBatch } });

  it('keeps to what it used on that device last, with what too little memory made of it', () => {
    expect(usedMicroBatch(run, 'cpu')).toBeUndefined();
    started('webgpu', 64);
    log({ type: 'note', step: 3, message: 'Something else.' });
    log({ type: 'note', step: 3, message: 'Too little.', microBatch: 32 });
    started('cpu', 4);
    log({ type: 'note', step: 9, message: 'Too little.', microBatch: 2 });
    expect(usedMicroBatch(run, 'webgpu')).toBe(32);
    expect(usedMicroBatch(run, 'cpu')).toBe(2);
    expect(usedMicroBatch(run, 'tensorflow')).toBeUndefined();
    started('webgpu', 16);
    expect(usedMicroBatch(run, 'webgpu')).toBe(16);
    expect(usedMicroBatch(run, 'cpu')).toBe(2);
  });
});
