// Does a token say anything about its image, or only where it lies? Loss and rank look healthy while a predictor learns positions.
import { AppError } from '../../shared/errors.ts';
import { rowCount } from './matrix-products.ts';

/**
 * Share (0–1) of the variance of `tokens` [images, positions, dimension] that the mean per position explains:
 * Σₚ‖mₚ − m‖² · images ÷ Σ‖x − m‖². 1 is positional collapse; 0 when nothing varies. Independent tokens score about 1 ÷ images.
 * Throws `bad-input` for fewer than two images.
 */
export function positionalShare(tokens: Float32Array, positions: number, dimension: number): number {
  const width = positions * dimension;
  const images = imageCount(tokens, width);
  const perPosition = new Float64Array(width);
  for (let image = 0; image < images; image++) {
    for (let i = 0; i < width; i++) perPosition[i]! += tokens[image * width + i]! / images;
  }
  const grandMean = new Float64Array(dimension);
  for (let i = 0; i < width; i++) grandMean[i % dimension]! += perPosition[i]! / positions;
  let explained = 0;
  for (let i = 0; i < width; i++) explained += (perPosition[i]! - grandMean[i % dimension]!) ** 2;
  explained *= images;
  let total = 0;
  for (let i = 0; i < tokens.length; i++) total += (tokens[i]! - grandMean[i % dimension]!) ** 2;
  return total > 0 ? explained / total : 0;
}

export interface PositionalCosines {
  /** Mean cosine of a prediction with its own target. */
  readonly own: number;
  /** Mean cosine of a prediction with the targets of other images at the same position. */
  readonly others: number;
  /** own − others: about 0 means that the predictor knows positions, not images. */
  readonly difference: number;
}

/** Predictions of some positions of each image, and the targets of all positions of the same images. */
export interface Predicted {
  /** [predictions, dimension] */
  readonly predictions: Float32Array;
  /** Of each prediction: its image and its position. */
  readonly images: ArrayLike<number>;
  readonly places: ArrayLike<number>;
  /** [images, positions, dimension] */
  readonly targets: Float32Array;
  readonly positions: number;
  readonly dimension: number;
}

/**
 * How much nearer predictions are to their own targets than to those of other images at the same position, by cosine. "Others" is the mean
 * over every other image, in closed form: p·(S − t) ÷ (images − 1), S the sum of the unit targets there. Throws `bad-input` when
 * sizes differ, for no predictions, or for fewer than two images.
 */
export function positionalCosines({ predictions, images, places, targets, positions, dimension }: Predicted): PositionalCosines {
  const width = positions * dimension;
  const all = imageCount(targets, width);
  const made = rowCount(predictions, dimension);
  if (made === 0 || images.length !== made || places.length !== made) {
    throw new AppError(
      'bad-input',
      `${made} predictions are of ${images.length} images and ${places.length} places.`,
      'Name both for each.',
    );
  }
  const sums = new Float64Array(width);
  const target = new Float64Array(dimension);
  for (let at = 0; at < targets.length; at += dimension) {
    unit(targets, at, target);
    const place = at % width;
    for (let k = 0; k < dimension; k++) sums[place + k]! += target[k]!;
  }
  let [own, others] = [0, 0];
  const prediction = new Float64Array(dimension);
  for (let i = 0; i < made; i++) {
    const place = places[i]! * dimension;
    unit(predictions, i * dimension, prediction);
    unit(targets, images[i]! * width + place, target);
    let [matched, every] = [0, 0];
    for (let k = 0; k < dimension; k++) {
      matched += prediction[k]! * target[k]!;
      every += prediction[k]! * sums[place + k]!;
    }
    own += matched / made;
    others += (every - matched) / ((all - 1) * made);
  }
  return { own, others, difference: own - others };
}

/** As in the training step. */
const epsilon = 1e-5;

/** Tokens [N, dimension] of the target encoder as targets, in place: layer-normed once more, as the loss takes them (`jepa/step.ts`). */
export function asTargets(tokens: Float32Array, dimension: number): Float32Array {
  for (let at = 0; at < tokens.length; at += dimension) {
    let [mean, variance] = [0, 0];
    for (let k = 0; k < dimension; k++) mean += tokens[at + k]! / dimension;
    for (let k = 0; k < dimension; k++) variance += (tokens[at + k]! - mean) ** 2 / dimension;
    const factor = 1 / Math.sqrt(variance + epsilon);
    for (let k = 0; k < dimension; k++) tokens[at + k] = (tokens[at + k]! - mean) * factor;
  }
  return tokens;
}

function unit(values: Float32Array, at: number, into: Float64Array): void {
  let squares = 0;
  for (let k = 0; k < into.length; k++) squares += values[at + k]! ** 2;
  const factor = squares > 0 ? 1 / Math.sqrt(squares) : 0;
  for (let k = 0; k < into.length; k++) into[k] = values[at + k]! * factor;
}

function imageCount(tokens: Float32Array, width: number): number {
  const images = rowCount(tokens, width);
  if (images >= 2) return images;
  throw new AppError('bad-input', `${images} images cannot be compared.`, 'It takes at least two images.');
}
