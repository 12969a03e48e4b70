// Whole pictures, or halves of them, as an encoder gets them: patches of normalised values.
import type { Preprocessing } from '../../shared/config/preprocessing.ts';
import { fitSquare, halves } from './crop.ts';
import type { Target } from './crop.ts';
import type { CachedImage } from './shard-reader.ts';

/** Which part of an image is looked at: all of it, or one of two crops that do not overlap. */
export type View = 'whole' | 'first' | 'second';

/** What is wanted of each picture. */
export interface Looks {
  readonly view: View;
  readonly preprocessing: Preprocessing;
  readonly patchSize: number;
}

/** Pictures as patches; those that cannot be read are left out. */
export interface PatchBlock {
  /** Places in what was asked for, ascending; at least one. */
  readonly places: readonly number[];
  /** [places.length, N, 3·P·P]; may be overwritten when the next block is asked for. */
  readonly patches: Float32Array;
}

export function targetOf({ imageSize, mean, std }: Preprocessing, patchSize: number): Target {
  return { size: imageSize, patchSize, mean, std };
}

/** Writes one image (or a half of it) as patches. */
export function placeImage(
  { pixels, width, height }: CachedImage,
  view: View,
  preprocessing: Preprocessing,
  target: Target,
  out: Float32Array,
): void {
  const part = view === 'whole' ? { x: 0, y: 0, width, height } : halves(width, height)[view === 'first' ? 0 : 1];
  fitSquare(pixels, width, height, part, preprocessing.fit, preprocessing.background, target, out);
}
