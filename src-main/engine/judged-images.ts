// Which of a folder's images may judge a run, and for what.
import type { EvaluationImage } from '../evaluation/protocol.ts';
import type { SplitImage } from './studio.ts';

/**
 * The images with train and test as the protocol has them. Where a folder has both val and test, choices (the best checkpoint) are
 * made on val and test is for the report alone; where it has one of them, the protocol divides that one.
 */
export function imagesToJudge(images: readonly SplitImage[], purpose: 'choosing' | 'reporting'): EvaluationImage[] {
  const has = (wanted: SplitImage['split']): boolean => images.some(({ split, label }) => split === wanted && label !== undefined);
  const unused = has('val') && has('test') ? (purpose === 'choosing' ? 'test' : 'val') : undefined;
  return images
    .filter(({ split }) => split === undefined || split !== unused)
    .map((image) => ({ ...image, split: image.split === 'val' ? 'test' : image.split }));
}
