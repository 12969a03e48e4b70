// The crop of an image that a step trains on: a pure function of (seed, step, place), one for the trainer and for whoever shows it.
import { Random } from '../../shared/random.ts';
import { changeColours, randomColours } from './colours.ts';
import { randomResizedCrop, resampleCrop } from './crop.ts';
import type { Target } from './crop.ts';
import type { CachedImage } from './shard-reader.ts';

export interface CropSettings {
  readonly seed: number;
  readonly cropScale: readonly [number, number];
  readonly cropAspect: readonly [number, number];
  /** Mirrors half of the crops. */
  readonly flip: boolean;
  /** Strength of random brightness, contrast and saturation, 0–1. */
  readonly colourJitter: number;
  /** Share of the crops that lose their colours. */
  readonly greyscale: number;
}

/** Writes crop number `place` of a step (image of the batch × crops of an image) as patches [N, 3·P·P]. */
export function trainingCrop(
  { pixels, width, height }: CachedImage,
  { seed, cropScale, cropAspect, flip, colourJitter, greyscale }: CropSettings,
  step: number,
  place: number,
  target: Target,
  out: Float32Array,
): void {
  const random = new Random(seed, 'crop', step, place);
  const rectangle = randomResizedCrop(random, width, height, cropScale, cropAspect);
  resampleCrop(pixels, width, height, rectangle, flip && random.uniform() < 0.5, target, out);
  if (colourJitter === 0 && greyscale === 0) return;
  const change = randomColours(new Random(seed, 'colour', step, place), colourJitter, greyscale);
  if (change) changeColours(out, target, change);
}
