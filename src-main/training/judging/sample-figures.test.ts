import { expect, it } from 'vitest';
import { Random } from '../../../shared/random.ts';
import { evaluateCrops, evaluateLabelled } from '../../evaluation/evaluate.ts';
import type { CropProtocol, LabelProtocol } from '../../evaluation/protocol.ts';
import type { PatchBlock, View } from '../../images/patches.ts';
import { gatherVectors, sampleFigures } from './sample-figures.ts';
import type { RowVectors } from './sample-figures.ts';

const dimension = 8;
const rows = (from: number, to: number): Uint32Array => Uint32Array.from({ length: to - from }, (_, i) => from + i);
const plan: CropProtocol = { kind: 'crops', asked: 'these', images: rows(0, 20), bank: rows(20, 50), reason: 'none' };

/** A crop of an image: the image's own values and some noise. */
function crop(row: number, view: View): number[] {
  const [own, noise] = [new Random(1, 'test', row), new Random(2, 'test', row, view === 'first' ? 0 : 1)];
  return Array.from({ length: dimension }, (_, i) => (1 + i) * own.normal() + 5 * noise.normal());
}

const valuesOf = (some: Iterable<number>, view: View): Float32Array => Float32Array.from([...some].flatMap((row) => crop(row, view)));

async function* blocksOf(all: Uint32Array, view: View, lost: readonly number[] = []): AsyncGenerator<PatchBlock> {
  const places = [...all.keys()].filter((place) => !lost.includes(all[place]!));
  for (let from = 0; from < places.length; from += 7) {
    const part = places.slice(from, from + 7);
    yield {
      places: part,
      patches: valuesOf(
        part.map((place) => all[place]!),
        view,
      ),
    };
    await Promise.resolve();
  }
}

const vectors =
  (lost: (view: View) => readonly number[] = () => []) =>
  async (all: Uint32Array, view: View): Promise<RowVectors> =>
    gatherVectors(all, blocksOf(all, view, lost(view)), ({ patches }) => patches);

const expected = (images: Iterable<number>, bank: Iterable<number>): ReturnType<typeof evaluateCrops> => {
  const [first, second] = [valuesOf(images, 'first'), valuesOf(images, 'second')];
  return evaluateCrops({
    source: 'run',
    dimension,
    first,
    second,
    bank: Float32Array.from([...valuesOf(bank, 'first'), ...valuesOf(bank, 'second')]),
  });
};

it('crops find each other in spaces that were fitted on crops of other images', async () => {
  const figures = await sampleFigures(plan, 'run', vectors(), false, new Set());
  expect(figures).toEqual(expected(plan.images, plan.bank));
  expect(figures.spaces.whitened.cropPrecision).not.toBe(expected(plan.images, plan.images).spaces.whitened.cropPrecision);
});

it('an image of which one crop cannot be read judges nothing, neither side of it', async () => {
  const lost = new Set<number>();
  const read = vectors((view) => (view === 'first' ? [4, 33] : [4, 11, 49]));
  const figures = await sampleFigures(plan, 'run', read, false, lost);
  expect([...lost].toSorted((a, b) => a - b)).toEqual([4, 11, 33, 49]);
  const kept = (all: Uint32Array): Uint32Array => all.filter((row) => !lost.has(row));
  expect(figures).toEqual(expected(kept(plan.images), kept(plan.bank)));
});

it('queries in folds keep their labels and folds when some images cannot be read', async () => {
  const labels = (some: Uint32Array): Uint32Array => some.map((row) => row % 3);
  const [bank, queries] = [rows(0, 30), rows(30, 60)];
  const folded: LabelProtocol = {
    kind: 'labels',
    asked: 'these',
    lookedUpIn: 'those',
    split: 'hash',
    classes: ['a', 'b', 'c'],
    bank,
    bankLabels: labels(bank),
    queries,
    queryLabels: labels(queries),
    folds: Uint8Array.from(queries, (_, i) => (i * 7) % 4),
    leftOut: [],
    repeated: 0,
  };
  const missing = [3, 31, 44];
  const kept = (all: Uint32Array): Uint32Array => all.filter((row) => !missing.includes(row));
  const figures = await sampleFigures(
    folded,
    'run',
    vectors(() => missing),
    false,
    new Set(),
  );
  const left = {
    bank: valuesOf(kept(bank), 'whole'),
    bankLabels: labels(kept(bank)),
    queries: valuesOf(kept(queries), 'whole'),
    queryLabels: labels(kept(queries)),
    folds: Uint8Array.from(kept(queries), (row) => ((row - 30) * 7) % 4),
  };
  expect(figures).toEqual(evaluateLabelled({ source: 'run', dimension, ...left }, { probe: false }));
  const turned = evaluateLabelled({ source: 'run', dimension, ...left, folds: left.folds.toReversed() }, { probe: false });
  expect(figures.spaces.raw.rankMe).not.toBe(turned.spaces.raw.rankMe);
});

it('nothing is measured of too few', async () => {
  const most = vectors(() => [...rows(1, 20)]);
  await expect(sampleFigures(plan, 'run', most, false, new Set())).rejects.toMatchObject({ code: 'no-images' });
  const none = vectors(() => [...rows(0, 50)]);
  await expect(sampleFigures(plan, 'pixels', none, false, new Set())).rejects.toThrow('here are 0 and 0');
});
