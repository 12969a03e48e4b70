import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { preprocessingOf } from '../../shared/config/preprocessing.ts';
import { Random } from '../../shared/random.ts';
import type { EvaluationImage } from '../evaluation/evaluation-image.ts';
import { colourFeatures, fitFeatureColours } from '../evaluation/feature-colours.ts';
import { DecodeCache } from '../images/cache.ts';
import { patchBlocks } from '../images/patch-blocks.ts';
import { modelSize } from '../jepa/model.ts';
import { EncoderRunner } from '../training/passes/encoder-runner.ts';
import { saveCheckpoint } from '../training/run-folder/checkpoint.ts';
import { initialState } from '../training/run-folder/state.ts';
import { smallRecord } from '../training/testing/small-run.ts';
import { runFeaturesJob } from './features-job.ts';
import type { FeaturePicture, FeaturesJob } from './protocol.ts';
import { makeCache } from './testing/picture-cache.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa-features-'));
const [cache, checkpoint] = [join(folder, 'cache'), join(folder, 'step-000000000.safetensors')];
const record = smallRecord();
const state = initialState(record.config);
let images: readonly EvaluationImage[] = [];

beforeAll(async () => {
  images = await makeCache(cache, 60);
  saveCheckpoint(checkpoint, state, record);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A dark square on a bright ground, 24 × 24. */
function pictureOf(seed: number): FeaturesJob['images'][number] {
  const random = new Random(seed, 'test');
  const pixels = Uint8Array.from({ length: 24 * 24 * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % 24, Math.floor(i / 72)];
    return (x > 6 && x < 14 && y > 8 && y < 20 ? 40 : 200) + random.integer(20);
  });
  return { width: 24, height: 24, pixels };
}
const job = (pictures: FeaturesJob['images'], more: Partial<FeaturesJob> = {}): FeaturesJob => ({
  kind: 'features',
  checkpoint,
  cache: { folder: cache, shortSide: 24 },
  fitOn: images.map(({ hash }) => hash),
  images: pictures,
  threads: 1,
  device: 'cpu',
  ...more,
});

it('colours patches by components of the tokens of 48 images, and shows the picture as the encoder gets it', async () => {
  const [one, two] = [pictureOf(1), pictureOf(2)];
  const { pictures, fittedOn } = await runFeaturesJob(job([one, two]));
  expect(fittedOn).toBe(48);
  expect(pictures.map(({ side, grid }) => [side, grid])).toEqual([
    [24, 6],
    [24, 6],
  ]);
  expect([...pictures[0]!.seen]).toEqual([...one.pixels]);
  // The same by hand: tokens of the 48 images, then those of the pictures, one at a time.
  const size = modelSize(record.config);
  const runner = await EncoderRunner.create(size, 'last', { threads: 1 }, true, 48);
  await runner.hold(state.tensors);
  const opened = new DecodeCache(cache, { access: 'read' });
  const hashes = images.slice(0, 48).map(({ hash }) => hash);
  const preprocessing = preprocessingOf(record.config);
  let tokens48: Float32Array | undefined;
  for await (const { patches } of patchBlocks(opened, hashes, 48, { view: 'whole', preprocessing, patchSize: 4 }))
    tokens48 = (await runner.run(patches)).tokens!.slice();
  opened.dispose();
  // What is usual at a place is taken off.
  const perImage = 36 * size.encoder.width;
  const usual = Float64Array.from({ length: perImage }, (_, i) => {
    let sum = 0;
    for (let image = 0; image < 48; image++) sum += tokens48![image * perImage + i]!;
    return sum / 48;
  });
  const unusual = (tokens: Float32Array): Float32Array => tokens.map((value, i) => value - usual[i % perImage]!);
  const colours = fitFeatureColours(unusual(tokens48!), size.encoder.width);
  const { mean, std } = preprocessing;
  for (const [i, { pixels }] of [one, two].entries()) {
    // Patches are (channel, row, column).
    const patches = Float32Array.from({ length: 36 * 48 }, (_, at) => {
      const [patch, channel, row, column] = [Math.floor(at / 48), Math.floor((at % 48) / 16), Math.floor((at % 16) / 4), at % 4];
      const [x, y] = [(patch % 6) * 4 + column, Math.floor(patch / 6) * 4 + row];
      return (pixels[(y * 24 + x) * 3 + channel]! / 255 - mean[channel]!) / std[channel]!;
    });
    const { tokens } = await runner.run(patches);
    const expected = colourFeatures(colours, unusual(tokens!));
    // Sums are taken in another order in a batch of another size.
    for (const [at, value] of pictures[i]!.colours.entries()) expect(Math.abs(value - expected[at]!)).toBeLessThanOrEqual(1);
  }
  await runner.dispose();
  expect(new Set(pictures[0]!.colours).size).toBeGreaterThan(20);
});

it('tells what is there and not where: a picture of nothing is of one colour, but for what its edges do', async () => {
  const flat = { width: 24, height: 24, pixels: new Uint8Array(24 * 24 * 3).fill(128) };
  const spreadOf = ({ colours }: FeaturePicture): number => {
    const mean = [0, 1, 2].map((c) => colours.filter((_, i) => i % 3 === c).reduce((sum, value) => sum + value, 0) / 36);
    return Math.sqrt(colours.reduce((sum, value, i) => sum + (value - mean[i % 3]!) ** 2, 0) / colours.length);
  };
  const few = images.slice(0, 7).map(({ hash }) => hash);
  const [withPlaces, without] = [await runFeaturesJob(job([flat], { fitOn: few })), await runFeaturesJob(job([flat]))];
  // Of so few images nobody can tell what is usual.
  expect(withPlaces.fittedOn).toBe(7);
  expect(spreadOf(without.pictures[0]!)).toBeLessThan(0.5 * spreadOf(withPlaces.pictures[0]!));
});

it('gives a picture the same colours whatever it comes with', async () => {
  const alone = await runFeaturesJob(job([pictureOf(2)]));
  const together = await runFeaturesJob(job([pictureOf(1), pictureOf(3), pictureOf(2)]));
  expect(together.pictures[2]).toEqual(alone.pictures[0]);
  expect(together.pictures[0]!.colours).not.toEqual(alone.pictures[0]!.colours);
});

it('looks closer with more patches of the same picture, in the same colours', async () => {
  // Four flat quarters: what is seen in a patch does not change with its size, only where it lies.
  const pixels = Uint8Array.from({ length: 48 * 48 * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % 48, Math.floor(i / 144)];
    return [30, 220, 120, 170][(x < 24 ? 0 : 1) + (y < 24 ? 0 : 2)]!;
  });
  const picture = { width: 48, height: 48, pixels };
  const usual = (await runFeaturesJob(job([picture]))).pictures[0]!;
  const finer = (await runFeaturesJob(job([picture], { finer: 2 }))).pictures[0]!;
  expect([usual.side, usual.grid, finer.side, finer.grid]).toEqual([24, 6, 48, 12]);
  expect([...finer.seen]).toEqual([...pixels]);
  const centre = ({ grid, colours }: typeof usual, x: number, y: number): number[] => {
    const at = 3 * (Math.floor(y * grid) * grid + Math.floor(x * grid));
    return [...colours.subarray(at, at + 3)];
  };
  for (const [x, y] of [
    [0.25, 0.25],
    [0.75, 0.25],
    [0.25, 0.75],
    [0.75, 0.75],
  ] as const) {
    const [a, b] = [centre(usual, x, y), centre(finer, x, y)];
    for (const channel of [0, 1, 2]) expect(Math.abs(a[channel]! - b[channel]!), `${x} ${y}`).toBeLessThan(40);
  }
  // And back: the usual size is not what was compiled last.
  expect((await runFeaturesJob(job([picture]))).pictures[0]).toEqual(usual);
});

it('fits on what the cache holds, and says when that is nothing', async () => {
  const lost = 'f'.repeat(64);
  const { fittedOn } = await runFeaturesJob(job([pictureOf(1)], { fitOn: [lost, ...images.slice(0, 5).map(({ hash }) => hash)] }));
  expect(fittedOn).toBe(5);
  await expect(runFeaturesJob(job([pictureOf(1)], { fitOn: [lost] }))).rejects.toMatchObject({ code: 'no-images' });
});

it('takes the weights anew when the file has changed', async () => {
  const before = await runFeaturesJob(job([pictureOf(1)]));
  const other = initialState({ ...record.config, seed: 9 });
  saveCheckpoint(checkpoint, { ...other, step: 3 }, record);
  expect((await runFeaturesJob(job([pictureOf(1)]))).pictures[0]!.colours).not.toEqual(before.pictures[0]!.colours);
});
