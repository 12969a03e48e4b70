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

/**
 * `predictions` and `targets` [images, positions, dimension], the same positions in the same order for every image. "Others" is
 * the mean over every other image, in closed form. Throws `bad-input` when sizes differ or for fewer than two images.
 */
export function positionalCosines(
  predictions: Float32Array,
  targets: Float32Array,
  positions: number,
  dimension: number,
): PositionalCosines {
  const width = positions * dimension;
  const images = imageCount(predictions, width);
  if (targets.length !== predictions.length) {
    throw new AppError('bad-input', 'Predictions and targets differ in size.', 'Gather both at the same positions.');
  }
  let own = 0;
  let others = 0;
  const prediction = new Float64Array(dimension);
  const target = new Float64Array(dimension);
  const predictionSum = new Float64Array(dimension);
  const targetSum = new Float64Array(dimension);
  for (let position = 0; position < positions; position++) {
    predictionSum.fill(0);
    targetSum.fill(0);
    let matched = 0;
    for (let image = 0; image < images; image++) {
      const at = image * width + position * dimension;
      unit(predictions, at, prediction);
      unit(targets, at, target);
      for (let k = 0; k < dimension; k++) {
        matched += prediction[k]! * target[k]!;
        predictionSum[k]! += prediction[k]!;
        targetSum[k]! += target[k]!;
      }
    }
    let every = 0;
    for (let k = 0; k < dimension; k++) every += predictionSum[k]! * targetSum[k]!;
    own += matched / images;
    others += (every - matched) / (images * (images - 1));
  }
  own /= positions;
  others /= positions;
  return { own, others, difference: own - others };
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
