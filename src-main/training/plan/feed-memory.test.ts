// What feeding a run is counted with, and that the choice of a micro-batch leaves room for it.
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../shared/config/config.ts';
import { atOnce } from '../../files/in-pieces.ts';
import { blockThreads, mostKept } from '../../images/cutting-threads.ts';
import { plannedConfig } from '../testing/planned-config.ts';
import { expectedThreads, feedMemory, trialCutting } from './feed-memory.ts';
import type { Feed } from './feed-memory.ts';
import { processorMicroBatchInPieces } from './fit-micro-batch.ts';
import { besideTrialInPieces, memoryPlan, surelyEnough } from './memory-plan.ts';

const picture = { width: 341, height: 256 };
const config = plannedConfig({ evaluateImages: 0 });

describe('the memory that feeds a run', () => {
  it('is that of threads, names and kept pictures, which end at what threads keep at most', () => {
    const feed: Feed = { images: 1000, picture, threads: 1 };
    const [one, four] = [feedMemory(config, feed), feedMemory(config, { ...feed, threads: 4 })];
    // Halved along each side: 170 × 128 pixels of three bytes, a little more than those that are left of 341.
    expect(one.pictures).toBeCloseTo((1000 * 3 * 341 * 256) / 4, -3);
    expect(four.pictures).toBe(one.pictures);
    const each = (four.cutting - one.cutting) / 3;
    expect([each > 3e7, each < 6e7]).toEqual([true, true]);
    expect(feedMemory(config, { ...feed, images: 1e6 }).pictures).toBe(mostKept);
    // Crops of the whole picture are cut from the picture itself.
    expect(feedMemory(parseConfig({ ...config, imageSize: 224, patchSize: 16 }), feed).pictures).toBe(0);
    const names = feedMemory(config, { ...feed, images: 101_000 }).cutting - one.cutting;
    expect(names).toBeGreaterThan(1e5 * 2 * 68);
    expect(feedMemory(config, undefined)).toEqual({ cutting: 0, pictures: 0 });
  });

  it('has the threads that cut what evaluations look at, where those are enough for any', () => {
    const judged = parseConfig({ ...config, evaluateImages: 2000 });
    const beside = (images: number): number =>
      feedMemory(judged, { images, picture, threads: 1 }).cutting - feedMemory(config, { images, picture, threads: 1 }).cutting;
    expect(beside(200)).toBe(0);
    expect(beside(256) / blockThreads).toBeGreaterThan(3e7);
  });

  it('has more threads only where steps are shorter than the cutting of their batches', () => {
    // A small network on twenty cores, whose batches of large crops are cut from photographs.
    const [few, many] = [2, 20].map((threads) => expectedThreads({ ...config, threads }, 1000, 7)) as [number, number];
    expect(few).toBeLessThan(many);
    expect(many).toBeLessThanOrEqual(7);
    const large = parseConfig({ architecture: 'small', imageSize: 224, batchSize: 64, threads: 8 });
    expect(expectedThreads(large, 1000, 7)).toBe(1);
    // Each holds the names of all images.
    expect(expectedThreads({ ...config, threads: 20 }, 1e6, 7)).toBe(1);
  });

  it('is in the plan, in the choice of the micro-batch, and in what is surely enough', () => {
    const feed: Feed = { images: 20_000, picture, threads: 4 };
    const [bare, fed] = [memoryPlan(config), memoryPlan(config, feed)];
    const { cutting, pictures } = feedMemory(config, feed);
    expect(fed).toEqual({ ...bare, cutting, pictures, total: bare.total + cutting + pictures });
    expect(surelyEnough(config, feed) - surelyEnough(config)).toBeCloseTo(cutting + pictures, -1);
    const chosen = (free: number, given?: Feed) => atOnce(processorMicroBatchInPieces(config, free, given));
    const most = chosen(1e12).images;
    expect(chosen(bare.total / 0.8 + 1).images).toBe(most);
    expect(chosen(bare.total / 0.8 + 1, feed).images).toBeLessThan(most);
    expect(chosen(fed.total / 0.8 + 1, feed).images).toBe(most);
    // Where not even the smallest fits, what is said to be needed is what the plan says.
    const { images, lacking } = chosen(5e8, feed);
    const needed = memoryPlan({ ...config, microBatch: images }, feed).total;
    expect(lacking?.message).toContain(needed < 1e9 ? `${Math.round(needed / 1e6)} MB` : `${(needed / 1e9).toFixed(1)} GB`);
  });

  it('comes on top of what a trial was measured to take, with evaluations where they are computed on the processor', () => {
    const judged = parseConfig({ ...config, evaluateImages: 2000 });
    const feed: Feed = { images: 5000, picture, threads: 2 };
    const { cutting, pictures } = feedMemory(judged, feed);
    const beside = (onProcessor: boolean): number => atOnce(besideTrialInPieces(judged, feed, onProcessor));
    expect(beside(false)).toBeCloseTo(cutting + pictures - trialCutting(), -1);
    expect(beside(true) - beside(false)).toBeCloseTo(memoryPlan(judged).judging, -1);
    expect(atOnce(besideTrialInPieces(config, undefined, false))).toBeCloseTo(-trialCutting(), -1);
    expect([trialCutting(1), trialCutting(7) > 1e8]).toEqual([0, true]);
  });
});
