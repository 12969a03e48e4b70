import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Random } from '../../../shared/random.ts';
import { withoutRows } from '../../evaluation/protocol.ts';
import type { LabelProtocol } from '../../evaluation/protocol.ts';
import type { PatchBlock, View } from '../../images/patches.ts';
import { modelSize, tokenCount } from '../../jepa/model.ts';
import { EncoderRunner } from '../passes/encoder-runner.ts';
import { encoderWeights, initialState } from '../run-folder/state.ts';
import { littleMemory } from '../testing/little-memory.ts';
import { smallRecord } from '../testing/small-run.ts';
import { Judge } from './judge.ts';
import type { Sample } from './sample-figures.ts';

const { config } = smallRecord();
const size = modelSize(config);
const images = 300;
const values = 3 * config.imageSize ** 2;

/** Noise around one of two textures that even a network of random weights tells apart; halves of an image share its own tint. */
function picture(row: number, view: View): Float32Array {
  const [own, noise] = [new Random(1, 'test', row), new Random(2, 'test', row, ['whole', 'first', 'second'].indexOf(view))];
  const tint = own.normal();
  return Float32Array.from({ length: values }, (_, i) => (row % 2 === 0 ? 1 : -1) * Math.cos(i) + tint + 0.1 * noise.normal());
}

const asked: number[] = [];
function sampleOf(plan: Sample['plan'], unreadable: readonly number[] = []): Sample {
  async function* blocks(all: Uint32Array, view: View, batch: number, length?: number): AsyncGenerator<PatchBlock> {
    const places = [...all.keys()].filter((place) => !unreadable.includes(all[place]!));
    for (let from = 0; from < places.length; from += batch) {
      const part = places.slice(from, from + batch);
      if (length === undefined) asked.push(part.length);
      yield {
        places: part,
        patches: Float32Array.from(part.flatMap((place) => [...picture(all[place]!, view).subarray(0, length)])),
      };
      await Promise.resolve();
    }
  }
  return { plan, patches: blocks, pixels: (all, view) => blocks(all, view, all.length, 12) };
}

const rows = (from: number, to: number): Uint32Array => Uint32Array.from({ length: to - from }, (_, i) => from + i);
const labels: LabelProtocol = {
  kind: 'labels',
  asked: 'these',
  lookedUpIn: 'those',
  split: 'hash',
  classes: ['even', 'odd'],
  bank: rows(0, 200),
  bankLabels: rows(0, 200).map((row) => row % 2),
  queries: rows(200, images),
  queryLabels: rows(200, images).map((row) => row % 2),
  leftOut: [],
  repeated: 0,
};

/** Of tokens [images, N, width], and of what a layer norm without affine part makes of them: the variance that the mean per position explains. */
function shareOf(tokens: readonly number[], width: number): { readonly ofTokens: number; readonly ofTargets: number } {
  const positions = tokenCount(size);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const share = (rows: readonly (readonly number[])[]): number => {
    const meanOf = (some: readonly (readonly number[])[]): number[] =>
      Array.from({ length: width }, (_, k) => mean(some.map((row) => row[k]!)));
    const apart = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, k) => sum + (value - b[k]!) ** 2, 0);
    const grand = meanOf(rows);
    const explained = Array.from({ length: positions }, (_, at) => apart(meanOf(rows.filter((__, i) => i % positions === at)), grand));
    return mean(explained) / mean(rows.map((row) => apart(row, grand)));
  };
  const rows = Array.from({ length: tokens.length / width }, (_, i) => tokens.slice(i * width, (i + 1) * width));
  const normed = rows.map((row) => {
    const centre = mean(row);
    const deviation = Math.sqrt(mean(row.map((value) => (value - centre) ** 2)) + 1e-5);
    return row.map((value) => (value - centre) / deviation);
  });
  return { ofTokens: share(rows), ofTargets: share(normed) };
}

describe('judging', () => {
  const weights = encoderWeights(initialState(config), size, 'targetEncoder');
  let judge: Judge;

  describe('by labels', () => {
    beforeAll(async () => {
      judge = await Judge.create(sampleOf(labels), size, { threads: 1 });
    });
    afterAll(async () => judge.dispose());

    it('looks neighbours up in three spaces, a last incomplete batch included', async () => {
      const evaluation = await judge.evaluate(weights, 17);
      expect(evaluation.step).toBe(17);
      for (const space of [evaluation.raw, evaluation.centred, evaluation.whitened]) {
        expect(space.knn).toBeGreaterThan(0);
        expect(space.retrieval).toBeUndefined();
      }
      // As the encoder gives them the vectors are alike; whitening shows what they hold.
      expect(evaluation.whitened.knn).toBeGreaterThan(0.65); // by chance 0.5 ± 0.05
      expect(evaluation.rankMe).toBeGreaterThan(1);
      expect(evaluation.meanCosine).toBeLessThanOrEqual(1);
      expect(evaluation.positionalShare).toBeGreaterThan(0);
      expect(evaluation.positionalShare).toBeLessThan(1);
      expect(asked.reduce((a, b) => a + b)).toBe(images);
    });

    it('does the same to raw pixels, and adds the probe when it is asked to', async () => {
      const pixels = await judge.pixels(true);
      expect(pixels.source).toBe('pixels');
      // Of pixels a probe is made in the whitened space alone.
      expect(pixels.spaces).toMatchObject({ raw: { neighbours: 1, probe: undefined }, whitened: { probe: 1 } });
      const { figures } = await judge.measure(weights, 'untrained', true);
      expect(figures.source).toBe('untrained');
      expect(figures.spaces.whitened.probe).toBeGreaterThan(0.9);
    });

    it('takes the positional share of targets, which are layer-normed once more, as float64 has it', async () => {
      const { width } = size.encoder;
      // A final norm as training makes it: it weighs some channels far more than others, and moves them.
      const trained = { ...weights };
      const random = new Random(3, 'test');
      for (const [name, usual] of [
        ['targetEncoder.norm.weight', 1],
        ['targetEncoder.norm.bias', 0],
      ] as const)
        trained[name] = weights[name]!.map((_, k) => usual + (k % 7 === 0 ? 3 : 0.3) * random.normal());
      const encoder = await EncoderRunner.create(size, 'last', { threads: 1 }, true, 50);
      await encoder.hold(trained);
      const tokens: number[] = [];
      for await (const { patches } of sampleOf(labels).patches(labels.bank, 'whole', 50))
        tokens.push(...(await encoder.run(patches)).tokens!);
      await encoder.dispose();
      const expected = shareOf(tokens, width);
      expect((await judge.evaluate(trained, 1)).positionalShare).toBeCloseTo(expected.ofTargets, 6);
      expect(Math.abs(expected.ofTokens - expected.ofTargets)).toBeGreaterThan(0.003);
    });

    it('says the same twice', async () => {
      expect(await judge.evaluate(weights, 1)).toEqual(await judge.evaluate(weights, 1));
    });
  });

  it('leaves pictures out that cannot be read, and counts them', async () => {
    const lost = [3, 50, 199, 200, 271];
    const all = await Judge.create(sampleOf(labels), size, { threads: 1 });
    const damaged = await Judge.create(sampleOf(labels, lost), size, { threads: 1 });
    const intact = await Judge.create(sampleOf(withoutRows(labels, new Set(lost))), size, { threads: 1 });
    const [evaluation, expected] = [await damaged.evaluate(weights, 1), await intact.evaluate(weights, 1)];
    expect(evaluation).toEqual({ ...expected, unreadable: 5 });
    expect(evaluation.whitened).not.toEqual((await all.evaluate(weights, 1)).whitened);
    expect(await damaged.pixels(false)).toEqual(await intact.pixels(false));
    expect([damaged.unreadable, damaged.plan.bank.length]).toEqual([5, 197]);
    for (const one of [all, damaged, intact]) await one.dispose();
  });

  it('adds the figures of masked views with the settings of the run, and counts who asked', async () => {
    const { tensors } = initialState(config);
    const judge = await Judge.create(sampleOf(labels, [3, 210]), size, { threads: 1 }, config);
    const evaluation = await judge.evaluate(tensors, 4);
    const again = await judge.evaluate(tensors, 4);
    await judge.dispose();
    expect(again).toEqual(evaluation);
    const { queries, alpha, lidar, predictionMargin, ...others } = evaluation;
    expect(queries).toBe(99);
    expect(alpha).toBeGreaterThan(0);
    // 32 images, of which the two textures and the tints differ.
    expect(lidar).toBeGreaterThan(1);
    expect(lidar).toBeLessThan(31);
    expect(Math.abs(predictionMargin!)).toBeLessThan(1);
    // Whatever else is measured is as without them.
    const plain = await Judge.create(sampleOf(labels, [3, 210]), size, { threads: 1 });
    expect(await plain.evaluate(tensors, 4)).toEqual({ ...others, queries, alpha });
    await plain.dispose();
  });

  it('without labels lets two crops of an image find each other', async () => {
    const crops = await Judge.create(
      sampleOf({ kind: 'crops', asked: 'these', images: rows(0, 60), bank: rows(60, 120), reason: 'none' }),
      size,
      {
        threads: 1,
      },
    );
    const { raw, whitened, queries } = await crops.evaluate(weights, 0);
    await crops.dispose();
    expect(queries).toBe(60);
    expect(raw.knn).toBeUndefined();
    expect(Math.max(raw.retrieval!, whitened.retrieval!)).toBeGreaterThan(5 / 60);
  });
});

describe('pinned pictures', () => {
  const weights = encoderWeights(initialState(config), size, 'targetEncoder');
  const hashOf = (row: number): string => row.toString(16).padStart(64, '0');
  let pinned: readonly string[] = [];
  const base = sampleOf(labels, [4]);
  const sample: Sample = {
    ...base,
    look: {
      hashes: Array.from({ length: images }, (_, row) => hashOf(row)),
      pinned: () => pinned,
      patches: (hashes, batch) =>
        base.patches(
          // Those from outside of the sample are the same pictures again.
          Uint32Array.from(hashes, (hash) => Number.parseInt(hash, 16) % images),
          'whole',
          batch,
        ),
    },
  };

  it('find their like among the sample, and can be changed between two evaluations', async () => {
    const own = await Judge.create(sample, size, { threads: 1 });
    expect(await own.neighbours(weights)).toEqual([]);
    // One of the sample, one that cannot be read, and one from outside of it.
    pinned = [hashOf(7), hashOf(4), hashOf(images + 12)];
    const [inside, outside, ...others] = await own.neighbours(weights);
    expect(others).toEqual([]);
    expect([inside!.hash, outside!.hash]).toEqual([hashOf(7), hashOf(images + 12)]);
    expect(outside!.neighbours[0]!.hash).toBe(hashOf(12));
    expect(outside!.neighbours[0]!.score).toBeGreaterThan(0.999);
    expect(inside!.neighbours.length).toBe(8);
    expect(inside!.neighbours.map(({ hash }) => hash)).not.toContain(hashOf(7));
    pinned = [hashOf(9)];
    expect((await own.neighbours(weights)).map(({ hash }) => hash)).toEqual([hashOf(9)]);
    await own.dispose();
  });
});

describe('a device with memory for a few images at once', () => {
  afterEach(() => void vi.restoreAllMocks());
  const { tensors } = initialState(config);
  const crops = { kind: 'crops', asked: 'these', images: rows(0, 70), bank: rows(70, 140), reason: 'none' } as const;

  it.each([
    ['labels', labels],
    ['crops', crops],
  ])('has the same figures, by %s and of masked views, and no picture is read twice', async (_, plan) => {
    const usual = await Judge.create(sampleOf(plan, [3, 90]), size, { threads: 1 }, config);
    asked.length = 0;
    const expected = await usual.evaluate(tensors, 4);
    const read = [...asked];
    expect(usual.atOnce).toBe(64);
    await usual.dispose();

    const memory = littleMemory(values);
    const judge = await Judge.create(sampleOf(plan, [3, 90]), size, { threads: 1 }, config);
    memory.most = 9;
    asked.length = 0;
    const evaluation = await judge.evaluate(tensors, 4);
    // 64, 32, 16, then 8, of encoder and masked views.
    expect([judge.atOnce, memory.failed]).toEqual([8, 6]);
    expect(asked).toEqual(read);
    const figures = ({ lidar, rankMe, meanCosine, positionalShare, predictionMargin, alpha }: typeof evaluation): number[] =>
      [lidar, rankMe, meanCosine, positionalShare, predictionMargin, alpha].map((figure) => figure!);
    for (const [i, figure] of figures(evaluation).entries()) expect(figure / figures(expected)[i]!).toBeCloseTo(1, 4);
    for (const space of ['raw', 'centred', 'whitened'] as const) expect(evaluation[space]).toEqual(expected[space]);
    expect(Object.keys(evaluation)).toEqual(Object.keys(expected));
    // It is not tried with more again.
    await judge.evaluate(tensors, 5);
    expect(memory.failed).toBe(6);
    memory.most = 0;
    await expect(judge.evaluate(tensors, 6)).rejects.toMatchObject({ code: 'out-of-memory' });
    await judge.dispose();
  });
});
