// What the encoder sees in a picture: its patches in colours that are fitted on images of the folder, so that they mean the same in all.
import { statSync } from 'node:fs';
import type { TrainConfig } from '../../shared/config-table.ts';
import { preprocessingOf } from '../../shared/preprocessing.ts';
import { colourFeatures, fitFeatureColours } from '../evaluation/feature-colours.ts';
import type { FeatureColours } from '../evaluation/feature-colours.ts';
import { DecodeCache } from '../images/cache.ts';
import { modelSize, patchValues, tokenCount } from '../jepa/model.ts';
import { loadTargetEncoder } from '../training/checkpoint.ts';
import { EncoderRunner, embeddingBatch } from '../training/encoder-runner.ts';
import type { FeaturePicture, FeaturesJob, JobTypes } from './protocol.ts';
import { patchesOf, placeImage, requireCached, targetOf } from './run-data.ts';

/** Images that the colours are fitted on: their means and axes hardly move with more. */
const mostFitted = 48;
/** Patches of them, spread over all: their components are found in about a second. */
const mostTokens = 4096;
/** Images of one pass: most calls have a single picture. */
const mostBatch = 8;

interface ColouringEncoder {
  readonly config: TrainConfig;
  readonly runner: EncoderRunner;
  readonly weights: Readonly<Record<string, Float32Array>>;
  readonly colours: FeatureColours;
  readonly fittedOn: number;
}

/** Kept for the next picture: to read, compile and fit it takes seconds, a picture some milliseconds. */
let kept: { readonly key: string; readonly encoder: ColouringEncoder } | undefined;

/** Colours the patches of `job.images`. Throws `no-images` when the cache holds none to fit the colours on, `bad-checkpoint`. */
export async function runFeaturesJob(job: FeaturesJob): Promise<JobTypes['features']['result']> {
  const { config, runner, weights, colours, fittedOn } = await colouringEncoder(job);
  const preprocessing = preprocessingOf(config);
  const size = modelSize(config);
  const [perImage, side] = [tokenCount(size) * patchValues(size), config.imageSize];
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
    const { tokens } = await runner.run(weights, patches);
    pictures.push({ side, seen, grid: size.grid, colours: colourFeatures(colours, tokens!) });
  }
  return { pictures, fittedOn };
}

async function colouringEncoder(job: FeaturesJob): Promise<ColouringEncoder> {
  const { checkpoint, cache: address, fitOn, threads, device } = job;
  const { mtimeMs, size: bytes } = statSync(checkpoint);
  const key = JSON.stringify([checkpoint, mtimeMs, bytes, address.folder, fitOn, threads, device]);
  if (kept?.key === key) return kept.encoder;
  await kept?.encoder.runner.dispose();
  kept = undefined;
  const { header, weights } = loadTargetEncoder(checkpoint);
  const { config } = header;
  const size = modelSize(config);
  const cache = new DecodeCache(address.folder, { access: 'read' });
  let runner: EncoderRunner | undefined;
  try {
    requireCached(cache, fitOn);
    const chosen = fitOn.filter((hash) => cache.has(hash)).slice(0, mostFitted);
    runner = await EncoderRunner.create(size, 'last', { device, threads }, true, Math.min(mostBatch, embeddingBatch(size)), weights);
    const { width } = size.encoder;
    const stride = Math.max(1, Math.ceil((chosen.length * tokenCount(size)) / mostTokens));
    const taken: Float32Array[] = [];
    let [at, fittedOn] = [0, 0];
    for await (const { places, patches } of patchesOf(cache, chosen, 'whole', runner.batch, preprocessingOf(config), config.patchSize)) {
      const { tokens } = await runner.run(weights, patches);
      fittedOn += places.length;
      // A stride through all images at once: other places in each.
      for (let from = 0; from < tokens!.length; from += width, at++) if (at % stride === 0) taken.push(tokens!.slice(from, from + width));
    }
    const values = new Float32Array(taken.length * width);
    for (const [i, token] of taken.entries()) values.set(token, i * width);
    const encoder = { config, runner, weights, colours: fitFeatureColours(values, width), fittedOn };
    kept = { key, encoder };
    return encoder;
  } catch (error) {
    await runner?.dispose();
    throw error;
  } finally {
    cache.dispose();
  }
}
