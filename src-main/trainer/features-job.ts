// What the encoder sees in a picture: its patches in colours that are fitted on images of the folder, so that they mean the same in all.
import { statSync } from 'node:fs';
import { fewestForTypical } from '../../shared/closer-look.ts';
import type { TrainConfig } from '../../shared/config/config-table.ts';
import { preprocessingOf } from '../../shared/config/preprocessing.ts';
import { colourFeatures, fitFeatureColours } from '../evaluation/feature-colours.ts';
import type { FeatureColours } from '../evaluation/feature-colours.ts';
import { DecodeCache } from '../images/cache.ts';
import { patchBlocks } from '../images/patch-blocks.ts';
import { placeImage, targetOf } from '../images/patches.ts';
import { interpolatePositions } from '../jepa/interpolate-positions.ts';
import { modelSize, patchValues, tokenCount } from '../jepa/model.ts';
import type { ModelSize } from '../jepa/model.ts';
import { sineCosinePositions } from '../jepa/positions.ts';
import { EncoderRunner } from '../training/passes/encoder-runner.ts';
import { embeddingBatch } from '../training/plan/embedding-batch.ts';
import { loadTargetEncoder } from '../training/run-folder/checkpoint.ts';
import type { FeaturePicture, FeaturesJob, JobTypes } from './protocol.ts';
import { requireCached } from './run-data.ts';

/** Images that the colours are fitted on: their means and axes hardly move with more. */
const mostFitted = 48;
/** Patches of them, spread over all: their components are found in about a second. */
const mostTokens = 4096;
/** Images of one pass: most calls have a single picture. */
const mostBatch = 8;

type Weights = Readonly<Record<string, Float32Array>>;

interface ColouringEncoder {
  readonly config: TrainConfig;
  /** At the size that it was trained on. */
  readonly runner: EncoderRunner;
  readonly weights: Weights;
  /** What tokens are on average at each place, [N, width]: taken off, so that colours tell what is there and not where. */
  readonly usual: Float32Array;
  readonly colours: FeatureColours;
  readonly fittedOn: number;
}

/** Kept for the next picture: to read, compile and fit it takes seconds, a picture some milliseconds. */
let kept: { readonly key: string; readonly encoder: ColouringEncoder } | undefined;
/** The same encoder compiled for larger pictures, when one was asked for. */
let keptFiner: { readonly key: string; readonly finer: number; readonly runner: EncoderRunner } | undefined;

/** Colours the patches of `job.images`. Throws `no-images` when the cache holds none to fit the colours on, `bad-checkpoint`. */
export async function runFeaturesJob(job: FeaturesJob): Promise<JobTypes['features']['result']> {
  const { finer = 1 } = job;
  const encoder = await colouringEncoder(job);
  const { config, colours, fittedOn } = encoder;
  const preprocessing = { ...preprocessingOf(config), imageSize: config.imageSize * finer };
  const size = finerSize(modelSize(config), finer);
  const own = modelSize(config);
  const usual = interpolatePositions(encoder.usual, own.grid, size.grid, own.encoder.width);
  const weights = finer === 1 ? encoder.weights : finerWeights(encoder.weights, config, finer);
  const runner = finer === 1 ? encoder.runner : await finerRunner(job, config, weights, finer);
  const [perImage, side] = [tokenCount(size) * patchValues(size), preprocessing.imageSize];
  const patches = new Float32Array(perImage);
  const planes = new Float32Array(perImage);
  const pictures: FeaturePicture[] = [];
  for (const image of job.images) {
    placeImage(image, 'whole', preprocessing, targetOf(preprocessing, config.patchSize), patches);
    // The same crop as a single patch that is not normalised: planes of 0–1.
    const plain = { ...preprocessing, mean: [0, 0, 0], std: [1, 1, 1] } as const;
    placeImage(image, 'whole', plain, targetOf(plain, side), planes);
    const seen = Uint8Array.from({ length: 3 * side * side }, (_, i) =>
      Math.round(255 * planes[(i % 3) * side * side + Math.floor(i / 3)]!),
    );
    const { tokens } = await runner.run(patches);
    pictures.push({ side, seen, grid: size.grid, colours: colourFeatures(colours, without(tokens!, usual)) });
  }
  return { pictures, fittedOn };
}

/** The network on a lattice `finer` as fine, which takes its positions as a table. */
const finerSize = (size: ModelSize, finer: number): ModelSize =>
  finer === 1 ? size : { ...size, grid: size.grid * finer, positions: 'learned' };

/** With positions between those that the encoder was trained on: it looks at the same square, cut into more patches. */
function finerWeights(weights: Weights, config: TrainConfig, finer: number): Weights {
  const { grid, encoder, positions } = modelSize(config);
  const learned = positions === 'learned' ? weights['targetEncoder.positions'] : undefined;
  const table = learned
    ? interpolatePositions(learned, grid, grid * finer, encoder.width)
    : sineCosinePositions(encoder.width, grid * finer, 1 / finer);
  return { ...weights, 'targetEncoder.positions': table };
}

async function finerRunner(job: FeaturesJob, config: TrainConfig, weights: Weights, finer: number): Promise<EncoderRunner> {
  const key = keyOf(job);
  if (keptFiner?.key === key && keptFiner.finer === finer) return keptFiner.runner;
  await keptFiner?.runner.dispose();
  keptFiner = undefined;
  const { threads, device } = job;
  const runner = await EncoderRunner.create(finerSize(modelSize(config), finer), 'last', { device, threads }, true, 1, weights);
  keptFiner = { key, finer, runner };
  return runner;
}

/** What a kept encoder is known by: the file as it is now, and what its colours are fitted on. */
function keyOf({ checkpoint, cache, fitOn, threads, device }: FeaturesJob): string {
  const { mtimeMs, size } = statSync(checkpoint);
  return JSON.stringify([checkpoint, mtimeMs, size, cache.folder, fitOn, threads, device]);
}

/** Means over images, place by place, of tokens that lie image by image; zeros where the images are too few to tell. */
function usualTokens(blocks: readonly Float32Array[], perImage: number): Float32Array {
  const sums = new Float64Array(perImage);
  let images = 0;
  for (const block of blocks)
    for (let from = 0; from < block.length; from += perImage, images++) for (let i = 0; i < perImage; i++) sums[i]! += block[from + i]!;
  return Float32Array.from(sums, (sum) => (images < fewestForTypical ? 0 : sum / images));
}

/** Tokens of images without what is usual at their place. */
const without = (tokens: Float32Array, usual: Float32Array): Float32Array => tokens.map((value, i) => value - usual[i % usual.length]!);

/** Every token of `stride` in all blocks. */
function everyOther(blocks: readonly Float32Array[], width: number, stride: number): Float32Array {
  const taken: Float32Array[] = [];
  let at = 0;
  for (const block of blocks)
    for (let from = 0; from < block.length; from += width, at++) if (at % stride === 0) taken.push(block.subarray(from, from + width));
  const values = new Float32Array(taken.length * width);
  for (const [i, token] of taken.entries()) values.set(token, i * width);
  return values;
}

async function colouringEncoder(job: FeaturesJob): Promise<ColouringEncoder> {
  const { checkpoint, cache: address, fitOn, threads, device } = job;
  const key = keyOf(job);
  if (kept?.key === key) return kept.encoder;
  await Promise.all([kept?.encoder.runner.dispose(), keptFiner?.runner.dispose()]);
  [kept, keptFiner] = [undefined, undefined];
  const { header, weights } = loadTargetEncoder(checkpoint);
  const { config } = header;
  const size = modelSize(config);
  const cache = new DecodeCache(address.folder, { access: 'read' });
  let runner: EncoderRunner | undefined;
  try {
    requireCached(cache, fitOn);
    const chosen = fitOn.filter((hash) => cache.has(hash)).slice(0, mostFitted);
    runner = await EncoderRunner.create(
      size,
      'last',
      { device, threads },
      true,
      Math.min(mostBatch, embeddingBatch(size, device)),
      weights,
    );
    const { width } = size.encoder;
    const blocks: Float32Array[] = [];
    let fittedOn = 0;
    const looks = { view: 'whole', preprocessing: preprocessingOf(config), patchSize: config.patchSize } as const;
    for await (const { places, patches } of patchBlocks(cache, chosen, runner.batch, looks)) {
      const { tokens } = await runner.run(patches);
      fittedOn += places.length;
      blocks.push(tokens!.slice());
    }
    const usual = usualTokens(blocks, tokenCount(size) * width);
    // A stride through all images at once: other places in each.
    const stride = Math.max(1, Math.ceil((fittedOn * tokenCount(size)) / mostTokens));
    const values = everyOther(
      blocks.map((block) => without(block, usual)),
      width,
      stride,
    );
    const encoder = { config, runner, weights, usual, colours: fitFeatureColours(values, width), fittedOn };
    kept = { key, encoder };
    return encoder;
  } catch (error) {
    await runner?.dispose();
    throw error;
  } finally {
    cache.dispose();
  }
}
