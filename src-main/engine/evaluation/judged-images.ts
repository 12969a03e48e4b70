// Which of a folder's images may judge a run, and for what.
import { AppError } from '../../../shared/errors.ts';
import type { EvaluationImage, QueriesFor } from '../../evaluation/evaluation-image.ts';
import type { Split } from '../../library/labels.ts';
import type { SplitImage } from '../folders/folder-images.ts';

/** Images with train and test as the protocol has them: the sides that are looked up in and that ask. */
export interface JudgedImages {
  readonly images: readonly EvaluationImage[];
  readonly queriesFor: QueriesFor;
}

/** Splits that are looked up in and that ask. */
export interface JudgingSplits {
  readonly bank: Split;
  readonly queries: Split;
}

/** Whether choices are made on val and test is left alone, because the folder has labels in both. */
const hasBoth = (images: readonly SplitImage[]): boolean =>
  (['val', 'test'] as const).every((wanted) => images.some(({ split, label }) => split === wanted && label !== undefined));

/**
 * Images without a split count as train where others are held out and none is train: a table may mark its held-out rows alone, or `test`
 * lie beside the folders of labels, and a run learns from all but those.
 */
export function settledSplits(images: readonly SplitImage[]): readonly SplitImage[] {
  const splits = new Set(images.map(({ split }) => split));
  if (splits.has('train') || !(splits.has('val') || splits.has('test'))) return images;
  return images.map((image) => (image.split === undefined ? { ...image, split: 'train' } : image));
}

/**
 * The images that judge when no splits are named. Where a folder has both val and test, choices (the best checkpoint) are made on val
 * and test is for the report alone, all of it; where it has one of them, the protocol divides that one.
 */
export function imagesToJudge(images: readonly SplitImage[], purpose: 'choosing' | 'reporting'): JudgedImages {
  const both = hasBoth(images);
  const unused = both ? (purpose === 'choosing' ? 'test' : 'val') : undefined;
  return {
    images: settledSplits(images)
      .filter(({ split }) => split === undefined || split !== unused)
      .map((image) => ({ ...image, split: image.split === 'val' ? 'test' : image.split })),
    queriesFor: both ? purpose : 'both',
  };
}

/** The images of two splits, as bank and queries. Throws `bad-input` when one of them is empty. */
export function imagesOfSplits(all: readonly SplitImage[], root: string, { bank, queries }: JudgingSplits): JudgedImages {
  const images = settledSplits(all);
  for (const split of [bank, queries])
    if (!images.some((image) => image.split === split))
      throw new AppError(
        'bad-input',
        `No image of ${root} belongs to the split ${split}.`,
        'Sort the images into folders train, val and test, or give the splits in a CSV file (scan --labels FILE).',
      );
  return {
    images: images
      .filter(({ split }) => split === bank || split === queries)
      .map((image) => ({ ...image, split: image.split === bank ? 'train' : 'test' })),
    // No choice is made on train, and of val and test on the latter only where it is alone.
    queriesFor: queries === 'train' ? 'reporting' : !hasBoth(images) ? 'both' : queries === 'val' ? 'choosing' : 'reporting',
  };
}
