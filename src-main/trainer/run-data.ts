// Feeds the trainer: batches, the sample that judges a run, and images to embed, all from the decode cache.
import type { TrainConfig } from '../../shared/config/config-table.ts';
import { cropsPerImage, smallSteps } from '../../shared/config/config.ts';
import { preprocessingOf } from '../../shared/config/preprocessing.ts';
import { AppError } from '../../shared/errors.ts';
import type { EvaluationImage } from '../evaluation/evaluation-image.ts';
import type { CropProtocol, LabelProtocol } from '../evaluation/protocol.ts';
import { BatchSource } from '../images/batches.ts';
import type { DecodeCache } from '../images/cache.ts';
import { patchBlocks } from '../images/patch-blocks.ts';
import { targetOf } from '../images/patches.ts';
import type { PictureOrigin } from '../images/training-pictures.ts';
import { choosePinned } from '../training/judging/pinned.ts';
import type { Look, Sample } from '../training/judging/sample-figures.ts';
import { readAppFile } from '../training/run-folder/app-file.ts';

/** The batches of a run of `steps` updates, made by `threads` at first. */
export function trainingBatches(config: TrainConfig, steps: number, pictures: PictureOrigin, threads = 1): BatchSource {
  const target = targetOf(preprocessingOf(config), config.patchSize);
  const until = smallSteps(config, steps);
  const { batchSize, seed, cropScale, cropAspect, colourJitter, greyscale } = config;
  const settings = {
    pictures,
    batchSize,
    crops: cropsPerImage(config),
    seed,
    cropScale,
    cropAspect,
    colourJitter,
    greyscale,
    flip: config.flip && config.masking !== 'paper-exact',
    targets: { target, ...(until > 0 && { first: { until, target: { ...target, size: target.size / 2 } } }) },
  };
  return new BatchSource(settings, { first: threads });
}

/** Side of the pictures of the raw-pixel baseline: with more, 20-NN on pixels costs far more and is no better. */
const pixelSide = 16;

/** The fixed sample that judges a run; rows of the plan are positions in `hashes`. */
export function sampleOf(
  cache: DecodeCache,
  hashes: readonly string[],
  plan: LabelProtocol | CropProtocol,
  config: TrainConfig,
  side = pixelSide,
): Sample {
  const preprocessing = preprocessingOf(config);
  const small = { ...preprocessing, imageSize: Math.min(side, config.imageSize), mean: [0, 0, 0], std: [1, 1, 1] } as const;
  const chosen = (rows: Uint32Array): string[] => Array.from(rows, (row) => hashes[row]!);
  return {
    plan,
    patches: (rows, view, batch) => patchBlocks(cache, chosen(rows), batch, { view, preprocessing, patchSize: config.patchSize }),
    pixels: (rows, view) => patchBlocks(cache, chosen(rows), 256, { view, preprocessing: small, patchSize: small.imageSize }),
  };
}

/** The images whose neighbours are shown while a run learns: those that are pinned in its folder at the time, else some of the sample. */
export function lookOf(cache: DecodeCache, run: string, images: readonly EvaluationImage[], { plan }: Sample, config: TrainConfig): Look {
  const preprocessing = preprocessingOf(config);
  const rows = [...plan.bank, ...(plan.kind === 'labels' ? plan.queries : plan.images)];
  const chosen = choosePinned(
    rows.map((row) => images[row]!),
    config.seed,
  );
  return {
    hashes: images.map(({ hash }) => hash),
    pinned: () => {
      const { pinned } = readAppFile(run);
      return pinned.length > 0 ? pinned : chosen;
    },
    patches: (hashes, batch) => patchBlocks(cache, hashes, batch, { view: 'whole', preprocessing, patchSize: config.patchSize }),
  };
}

/** The contents that the cache holds, as a check before a job. Throws `no-images` when it holds none. */
export function requireCached(cache: DecodeCache, hashes: readonly string[]): void {
  if (!hashes.some((hash) => cache.has(hash))) {
    throw new AppError(
      'no-images',
      'None of these images is decoded.',
      'Read the folder again (in a terminal: ijepa-studio scan FOLDER): the decoded images may have been cleared.',
    );
  }
}
