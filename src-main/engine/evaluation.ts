// The evaluation of a run as a person asks for it.
import { preprocessingOf } from '../../shared/preprocessing.ts';
import { AppError } from '../../shared/errors.ts';
import type { EvaluationImage } from '../evaluation/protocol.ts';
import type { EvaluationReport } from '../evaluation/report.ts';
import type { Split } from '../library/labels.ts';
import { readCheckpointHeader } from '../training/checkpoint.ts';
import { cachedShortSide, threadsOf } from './studio.ts';
import type { Studio } from './studio.ts';

export { renderReport } from '../evaluation/report.ts';

export interface EvaluateOptions {
  readonly run: string;
  readonly checkpoint: string;
  readonly root: string;
  /** `reporting` uses the queries that no choice was made on. */
  readonly purpose: 'choosing' | 'reporting';
  readonly bankPerClass: number;
  readonly queriesPerClass: number;
  /** Splits of the folder that are looked up in and that ask; without them train and both others. */
  readonly splits?: { readonly bank: Split; readonly queries: Split };
  readonly pixelSide: number;
  readonly probe: boolean;
  readonly threads: number;
}

/** The images of two splits, as bank and queries. Throws `bad-input` when one of them is empty. */
function imagesOfSplits(studio: Studio, root: string, { bank, queries }: NonNullable<EvaluateOptions['splits']>): EvaluationImage[] {
  const images = studio.imagesWithSplits(root);
  for (const split of [bank, queries])
    if (!images.some((image) => image.split === split))
      throw new AppError(
        'bad-input',
        `No image of ${root} belongs to the split ${split}.`,
        'Sort the images into folders train, val and test, or give the splits in a CSV file (scan --labels FILE).',
      );
  return images
    .filter(({ split }) => split === bank || split === queries)
    .map((image) => ({ ...image, split: image.split === bank ? 'train' : 'test' }));
}

/** Measures a checkpoint beside both baselines. Throws `bad-checkpoint`, `no-images`. */
export async function evaluateRun(studio: Studio, options: EvaluateOptions, onStage: (stage: string) => void): Promise<EvaluationReport> {
  const { root, threads, splits, ...rest } = options;
  const { config } = readCheckpointHeader(options.checkpoint);
  const shortSide = cachedShortSide(config.imageSize);
  return studio.trainer.run(
    {
      kind: 'evaluate',
      ...rest,
      cache: { folder: studio.cacheFor(preprocessingOf(config), shortSide), shortSide },
      images: splits ? imagesOfSplits(studio, root, splits) : studio.images(root),
      threads: threadsOf(threads),
      device: 'cpu',
    },
    ({ stage }) => onStage(stage),
  );
}
