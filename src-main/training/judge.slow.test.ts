import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import type { LabelProtocol } from '../evaluation/protocol.ts';
import { modelSize } from '../jepa/model.ts';
import { Judge } from './judge.ts';
import type { Sample, View } from './judge.ts';
import { encoderWeights, initialState } from './state.ts';
import { smallRecord } from './testing/small-run.ts';

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
function sampleOf(plan: Sample['plan']): Sample {
  return {
    plan,
    async *patches(rows, view, batch) {
      for (let from = 0; from < rows.length; from += batch) {
        const part = [...rows.subarray(from, from + batch)];
        asked.push(part.length);
        yield Float32Array.from(part.flatMap((row) => [...picture(row, view)]));
        await Promise.resolve();
      }
    },
    pixels: async (rows, view) =>
      Promise.resolve({ values: Float32Array.from([...rows].flatMap((row) => [...picture(row, view).subarray(0, 12)])), dimension: 12 }),
  };
}

const rows = (from: number, to: number): Uint32Array => Uint32Array.from({ length: to - from }, (_, i) => from + i);
const labels: LabelProtocol = {
  kind: 'labels',
  split: 'hash',
  classes: ['even', 'odd'],
  bank: rows(0, 200),
  bankLabels: rows(0, 200).map((row) => row % 2),
  queries: rows(200, images),
  queryLabels: rows(200, images).map((row) => row % 2),
  leftOut: [],
  repeated: 0,
};

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
      expect(pixels.spaces.raw).toMatchObject({ neighbours: 1, probe: 1 });
      const { figures } = await judge.measure(weights, 'untrained', true);
      expect(figures.source).toBe('untrained');
      expect(figures.spaces.whitened.probe).toBeGreaterThan(0.9);
    });

    it('says the same twice', async () => {
      expect(await judge.evaluate(weights, 1)).toEqual(await judge.evaluate(weights, 1));
    });
  });

  it('without labels lets two crops of an image find each other', async () => {
    const crops = await Judge.create(sampleOf({ kind: 'crops', images: rows(0, 60), reason: 'none' }), size, { threads: 1 });
    const { raw, whitened } = await crops.evaluate(weights, 0);
    await crops.dispose();
    expect(raw.knn).toBeUndefined();
    expect(Math.max(raw.retrieval!, whitened.retrieval!)).toBeGreaterThan(5 / 60);
  });
});
