// Whether a run takes the memory that was said before: the peak of a trial, and of a run with its evaluations, in a process of its own.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config/config.ts';
import { atOnce } from '../files/in-pieces.ts';
import { nodeArguments } from '../files/node-arguments.ts';
import { accumulate } from '../jepa/step.ts';
import { graphMemory } from '../tensor/memory.ts';
import { trialCutting } from '../training/plan/feed-memory.ts';
import type { Feed } from '../training/plan/feed-memory.ts';
import { processorMicroBatchInPieces } from '../training/plan/fit-micro-batch.ts';
import { cardMemoryInPieces, memoryPlan } from '../training/plan/memory-plan.ts';
import { parallelParts } from '../training/plan/parallel-parts.ts';
import { stepSize } from '../training/plan/step-size.ts';
import { RunFolder } from '../training/run-folder/run-folder.ts';
import { smallRecord } from '../training/testing/small-run.ts';
import { cachePhotographs } from './testing/photographs.ts';
import { makeCache, trainJob } from './testing/picture-cache.ts';
import { Trainer } from './trainer.ts';

const sizes: readonly (readonly [string, Record<string, unknown>])[] = [
  [
    'a deep network on photographs',
    { architecture: 'custom', width: 192, depth: 6, heads: 3, imageSize: 224, batchSize: 8, microBatch: 4 },
  ],
  [
    'the usual recipe on small images, in one pass',
    {
      architecture: 'custom',
      width: 128,
      depth: 4,
      heads: 4,
      predictorWidth: 64,
      predictorDepth: 2,
      predictorHeads: 2,
      imageSize: 64,
      patchSize: 8,
      contextTokens: 16,
      batchSize: 128,
      agreement: 1,
      sigreg: 0.02,
      sigregProjections: 64,
      projectorWidth: 64,
      predictionStride: 8,
      optimiser: 'muon',
    },
  ],
  [
    'a wide and shallow network, whose weights are most of it',
    { architecture: 'custom', width: 768, depth: 3, heads: 12, predictorDepth: 2, imageSize: 64, batchSize: 4 },
  ],
];

function expectSaid(total: number, peakBytes: number, within = 0.15): void {
  const said = `said ${(total / 1e6).toFixed(0)} MB, measured ${(peakBytes / 1e6).toFixed(0)} MB`;
  if (process.env['IJEPA_FIGURES'] === '1') process.stderr.write(`${said}\n`);
  expect(Math.abs(total / peakBytes - 1), said).toBeLessThan(within);
}

describe.skipIf(process.platform !== 'linux')('the memory of a run that is judged while it trains', () => {
  let folder = '';
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'ijepa-judged-memory-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it.each(sizes.slice(1))('is what was said before, within 10 %%, evaluations and all: %s', { timeout: 300_000 }, async (_, settings) => {
    const [run, cache, files] = ['run', 'cache', 'files'].map((name) => join(folder, name)) as [string, string, string];
    mkdirSync(files);
    const images = await cachePhotographs(cache, files);
    const config = parseConfig({ ...settings, threads: 1, evaluateImages: images.length, evaluateSteps: 2, checkpointMinutes: 0 });
    RunFolder.create(run, { ...smallRecord({}, 2), config }).dispose();
    const trainer = new Trainer();
    try {
      await trainer.run(trainJob(run, cache, images));
      const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${trainer.pid!}/status`, 'utf8'))![1];
      // Uncounted, evaluations would be as much as that in the first of them.
      expectSaid(memoryPlan(config).total, 1024 * Number(peak), 0.1);
    } finally {
      await trainer.dispose();
    }
  });
});

describe.skipIf(process.platform !== 'linux')('the memory of what a run is cut from', () => {
  const picture = { width: 341, height: 256 };
  let [folder, cache] = ['', ''];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ijepa-fed-memory-'));
    cache = join(folder, 'cache');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const settings = { ...sizes[1]![1], threads: 1, evaluateImages: 0 };

  it.each([1, 4])('by %i threads that cut is in the plan with the pictures that are kept', { timeout: 300_000 }, async (threads) => {
    const images = 1500;
    await makeCache(cache, images, picture);
    const config = parseConfig(settings);
    const program = join(import.meta.dirname, 'testing', 'measure-feeding.ts');
    // All pictures are seen once, and some of them again.
    const given = [JSON.stringify(settings), cache, String(threads), '14'];
    const { stdout } = await promisify(execFile)(process.execPath, [...nodeArguments, program, ...given]);
    const [bare, fed] = [memoryPlan(config), memoryPlan(config, { images, picture, threads })];
    // What was left out would be seen.
    expect(fed.pictures).toBeGreaterThan(0.15 * bare.total);
    expect(fed.total).toBe(bare.total + fed.pictures + fed.cutting);
    expectSaid(fed.total, Number(stdout));
  });

  it('is in the plan of a run whose evaluations have threads of their own, within 15 %', { timeout: 300_000 }, async () => {
    const run = join(folder, 'run');
    const images = await makeCache(cache, 600, picture);
    const config = parseConfig({ ...settings, evaluateImages: 600, evaluateSteps: 2, checkpointMinutes: 0 });
    RunFolder.create(run, { ...smallRecord({}, 2), config }).dispose();
    const trainer = new Trainer();
    try {
      await trainer.run(trainJob(run, cache, images));
      const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${trainer.pid!}/status`, 'utf8'))![1];
      expectSaid(memoryPlan(config, { images: images.length, picture, threads: 1 }).total, 1024 * Number(peak));
    } finally {
      await trainer.dispose();
    }
  });

  it('leaves less for the micro-batch, which the plan says is the largest that fits beside it', () => {
    const config = parseConfig({ ...sizes[1]![1] });
    const feed: Feed = { images: 20_000, picture, threads: 4 };
    const free = (memoryPlan(config).total + 1e7) / 0.8;
    const fitting = (fed?: Feed): number => atOnce(processorMicroBatchInPieces(config, free, fed)).images;
    expect(fitting()).toBe(config.batchSize);
    const less = { ...config, microBatch: fitting(feed) };
    expect(less.microBatch).toBeLessThan(config.batchSize);
    const total = (microBatch: number): number => memoryPlan({ ...config, microBatch }, feed).total;
    if (less.microBatch > 4) expect(total(less.microBatch)).toBeLessThanOrEqual(0.8 * free);
    expect(total(2 * less.microBatch)).toBeGreaterThan(0.8 * free);
  });
});

describe('the memory of a run', () => {
  it.skipIf(process.platform !== 'linux').each(sizes)('is what was said before, within 15 %%: %s', async (_, settings) => {
    // A trial judges nothing.
    const config = parseConfig({ ...settings, threads: 1, evaluateImages: 0 });
    const trainer = new Trainer();
    try {
      const { peakBytes } = await trainer.run({ kind: 'trial', config, threads: 1, device: 'cpu' });
      expectSaid(memoryPlan(config).total + trialCutting(), peakBytes);
    } finally {
      await trainer.dispose();
    }
  });

  it.skipIf(process.platform !== 'linux').each([
    ['whose losses look at the whole batch', {}],
    ['told apart in groups', { agreementBy: 'contrast', sigreg: 0, contrastImages: 32 }],
  ])('on two cores is what was said before, within 15 %%: crops %s', async (_, change) => {
    const config = parseConfig({ ...sizes[1]![1], ...change, imageSize: 32, depth: 2, batchSize: 64, threads: 2, evaluateImages: 0 });
    expect(parallelParts(stepSize(config), config, 2)?.shares).toBe(2);
    const trainer = new Trainer();
    try {
      const { peakBytes } = await trainer.run({ kind: 'trial', config, threads: 2, device: 'cpu' });
      expectSaid(memoryPlan(config).total + trialCutting(), peakBytes);
    } finally {
      await trainer.dispose();
    }
  });

  it('is what the whole graph says, though only a part of it is traced', () => {
    for (const [, settings] of sizes) {
      const config = parseConfig({ ...settings, optimiser: 'adamw', evaluateImages: 0 });
      const size = stepSize(config);
      const { peak, nodes } = graphMemory(Object.values(accumulate(size, config)));
      const { weights, moments, gradients, batch, activations, program } = memoryPlan(config);
      expect(activations).toBeCloseTo(1.15 * (peak - gradients / 3), -3);
      const deeper = memoryPlan({ ...config, depth: config.depth + 1 });
      expect(program).toBeLessThan(deeper.program);
      expect(nodes).toBeGreaterThan(500);
      expect(weights + moments).toBeGreaterThan(gradients);
      // One in use, one made ahead, and one not yet let go of.
      expect(batch).toBe(3 * 4 * size.batch * config.imageSize ** 2 * 3);
    }
  });

  it('of a card is its state twice where it moves, gradients and a micro-batch; half of that less by half the images', () => {
    const config = parseConfig({ ...sizes[1]![1], microBatch: 64, evaluateImages: 0 });
    const [whole, half] = [config, { ...config, microBatch: 32 }].map((one) => atOnce(cardMemoryInPieces(one)).total) as [number, number];
    const { weights, moments, gradients, activations } = memoryPlan(config);
    const state = weights + moments;
    expect(whole).toBeGreaterThan(state + gradients / 3 + activations / 1.15);
    expect(whole).toBeLessThan(memoryPlan(config).total);
    const kept = state + gradients / 3;
    expect((half - kept) / (whole - kept)).toBeGreaterThan(0.4);
    expect((half - kept) / (whole - kept)).toBeLessThan(0.65);
  });

  it('that is not there is saved by a smaller micro-batch, which is the largest that fits', () => {
    const config = parseConfig({ ...sizes[1]![1] });
    const { total } = memoryPlan(config);
    const fitting = (free: number, given = config): number => atOnce(processorMicroBatchInPieces(given, free)).images;
    expect(fitting(1.26 * total)).toBe(config.batchSize);
    const free = 0.9 * total;
    const less = { ...config, microBatch: fitting(free) };
    expect(memoryPlan(less).total).toBeLessThanOrEqual(0.8 * free);
    expect(memoryPlan({ ...less, microBatch: 2 * less.microBatch }).total).toBeGreaterThan(0.8 * free);
    expect(fitting(0)).toBe(4);
    expect(atOnce(processorMicroBatchInPieces(config, 1e8)).lacking?.message).toMatch(/Even the smallest micro-batch takes about \d+ MB/);
    expect(fitting(0, { ...config, microBatch: 128 })).toBe(128);
  });
});
