// Multinomial logistic regression with an L2 penalty, solved to convergence. The features are standardised and then turned into
// their principal axes: the penalty does not notice a rotation, and there the Hessian is almost diagonal, so few steps suffice.
import { AppError } from '../../shared/errors.ts';
import { minimise } from './lbfgs.ts';
import { packColumns, type PackedRows, packRows, productOfPacked, rowCount, scatterMatrix } from './matrix-products.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

/** Mean, deviation and rotation of the features a model was fitted on. */
export interface Standardisation {
  readonly dimension: number;
  readonly mean: Float64Array;
  /** 1 ÷ standard deviation; 0 for a feature that does not vary. */
  readonly inverseDeviation: Float64Array;
  /** Orthogonal rows [dimension, dimension], or `undefined` where turning costs more than it saves. */
  readonly rotation: Float64Array | undefined;
  /** Variance along each turned axis. */
  readonly variances: Float64Array;
}

/** Beyond this dimension the rotation is left out. */
const rotationLimit = 1024;

/** Standardises to zero mean and unit variance, fitted on `features` [N, dimension]. */
export function fitStandardisation(features: Float32Array, dimension: number): Standardisation {
  const rows = rowCount(features, dimension);
  const mean = new Float64Array(dimension);
  const squares = new Float64Array(dimension);
  for (let i = 0; i < features.length; i++) mean[i % dimension]! += features[i]! / rows;
  for (let i = 0; i < features.length; i++) squares[i % dimension]! += (features[i]! - mean[i % dimension]!) ** 2;
  const largest = squares.reduce((most, value) => Math.max(most, value), 0);
  const inverseDeviation = squares.map((value) => (value > 1e-12 * largest ? Math.sqrt(rows / value) : 0));
  const plain = { dimension, mean, inverseDeviation, rotation: undefined, variances: new Float64Array(dimension).fill(1) };
  if (dimension > rotationLimit) return plain;
  const eigen = symmetricEigen(scatterMatrix(standardise(plain, features), dimension), dimension);
  return { ...plain, rotation: eigen.vectors, variances: eigen.values.map((value) => Math.max(0, value) / rows) };
}

/** Applies a fitted standardisation: [N, dimension]. */
export function standardise(fitted: Standardisation, features: Float32Array): Float32Array<ArrayBuffer> {
  const { dimension, mean, inverseDeviation, rotation } = fitted;
  const rows = rowCount(features, dimension);
  const moved = new Float32Array(features.length);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < dimension; k++) {
      moved[row * dimension + k] = (features[row * dimension + k]! - mean[k]!) * inverseDeviation[k]!;
    }
  }
  if (!rotation) return moved;
  const turned = new Float32Array(features.length);
  const right = packRows(rotation, dimension, 0, dimension);
  for (let first = 0; first < rows; first += 384) {
    productOfPacked(packRows(moved, dimension, first, Math.min(384, rows - first)), right, turned, dimension, { row: first });
  }
  return turned;
}

export interface LogisticModel {
  readonly classes: number;
  readonly dimension: number;
  /** Per class: weights [dimension], then the bias: [classes, dimension + 1], for standardised features. */
  readonly weights: Float64Array;
  /** Mean cross-entropy plus penalty. */
  readonly loss: number;
  readonly gradientNorm: number;
  readonly iterations: number;
  readonly converged: boolean;
}

export interface LogisticOptions {
  /** λ of (λ/2)·‖W‖², added to the mean cross-entropy; the bias is free. scikit-learn's C is 1 ÷ (N·λ). */
  readonly penalty: number;
  readonly tolerance: number;
  readonly maxIterations: number;
  /** A model of the same size to start from. */
  readonly start?: Float64Array;
  /** Variance of each feature, for preconditioning. */
  readonly variances?: Float64Array;
}

/** Fits on `features` [N, dimension] (standardised) with class numbers `labels` [N]. Throws `bad-input` when they do not fit. */
export function fitLogistic(
  features: Float32Array,
  labels: Uint32Array,
  dimension: number,
  classes: number,
  options: LogisticOptions,
): LogisticModel {
  const objective = logisticObjective(features, labels, dimension, classes, options.penalty);
  const stride = dimension + 1;
  // Böhning's bound: the Hessian is at most ½ of the features' second moments.
  const preconditioner = Float64Array.from({ length: classes * stride }, (_, i) => {
    const k = i % stride;
    return 1 / (k === dimension ? 0.5 : 0.5 * (options.variances?.[k] ?? 1) + options.penalty);
  });
  const start = options.start ?? new Float64Array(classes * stride);
  const { tolerance, maxIterations } = options;
  const found = minimise(objective, start, { tolerance, maxIterations, preconditioner });
  const { point, value, gradientNorm, iterations, converged } = found;
  return { classes, dimension, weights: point, loss: value, gradientNorm, iterations, converged };
}

/** Mean cross-entropy + (λ/2)·‖W‖² of weights [classes, dimension + 1] as a function with its gradient. */
export function logisticObjective(
  features: Float32Array,
  labels: Uint32Array,
  dimension: number,
  classes: number,
  penalty: number,
): (weights: Float64Array, gradient: Float64Array) => number {
  const rows = rowCount(features, dimension);
  if (rows === 0 || rows !== labels.length || labels.some((label) => label >= classes)) {
    throw new AppError(
      'bad-input',
      `${rows} vectors with ${labels.length} labels of ${classes} classes.`,
      'Every vector needs exactly one label.',
    );
  }
  const chunk = 512;
  const band = 768;
  const slabs: { from: number; count: number; asRows: PackedRows; asColumns: { column: number; packed: PackedRows }[] }[] = [];
  for (let from = 0; from < rows; from += chunk) {
    const count = Math.min(chunk, rows - from);
    const slab = features.subarray(from * dimension, (from + count) * dimension);
    const asColumns = [];
    for (let column = 0; column < dimension; column += band) {
      asColumns.push({ column, packed: packColumns(slab, dimension, count, column, Math.min(band, dimension - column)) });
    }
    slabs.push({ from, count, asRows: packRows(slab, dimension, 0, count), asColumns });
  }
  const stride = dimension + 1;
  const residual = new Float64Array(chunk * classes);
  return (weights, gradient) => {
    gradient.fill(0);
    let loss = 0;
    const packedWeights = packStrided(weights, classes, dimension);
    for (const { from, count, asRows, asColumns } of slabs) {
      productOfPacked(asRows, packedWeights, residual, classes);
      for (let row = 0; row < count; row++) {
        loss += softmaxResidual(residual, row * classes, classes, weights, stride, labels[from + row]!, gradient);
      }
      const left = packColumns(residual, classes, count, 0, classes);
      for (const { column, packed } of asColumns) productOfPacked(left, packed, gradient, stride, { column, add: true });
    }
    let squares = 0;
    for (let c = 0; c < classes; c++) {
      for (let k = 0; k < stride; k++) {
        const i = c * stride + k;
        gradient[i]! /= rows;
        if (k === dimension) continue;
        gradient[i]! += penalty * weights[i]!;
        squares += weights[i]! ** 2;
      }
    }
    return loss / rows + (penalty / 2) * squares;
  };
}

/** Turns a row of logits (without bias) into softmax − one-hot in place, adds it to the biases' gradient, returns −log p(label). */
function softmaxResidual(
  logits: Float64Array,
  at: number,
  classes: number,
  weights: Float64Array,
  stride: number,
  label: number,
  gradient: Float64Array,
): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < classes; c++) {
    logits[at + c]! += weights[c * stride + stride - 1]!;
    most = Math.max(most, logits[at + c]!);
  }
  const own = logits[at + label]!;
  let sum = 0;
  for (let c = 0; c < classes; c++) {
    logits[at + c] = Math.exp(logits[at + c]! - most);
    sum += logits[at + c]!;
  }
  for (let c = 0; c < classes; c++) {
    logits[at + c] = logits[at + c]! / sum - (c === label ? 1 : 0);
    gradient[c * stride + stride - 1]! += logits[at + c]!;
  }
  return Math.log(sum) + most - own;
}

function packStrided(weights: Float64Array, classes: number, dimension: number): PackedRows {
  const plain = new Float64Array(classes * dimension);
  for (let c = 0; c < classes; c++) {
    plain.set(weights.subarray(c * (dimension + 1), c * (dimension + 1) + dimension), c * dimension);
  }
  return packRows(plain, dimension, 0, classes);
}

/** Class of the largest logit for each row of `features` [N, dimension], and the mean cross-entropy against `labels`. */
export function predictLogistic(
  model: LogisticModel,
  features: Float32Array,
  labels: Uint32Array,
): { readonly predicted: Uint32Array; readonly crossEntropy: number } {
  const { classes, dimension, weights } = model;
  const stride = dimension + 1;
  const rows = rowCount(features, dimension);
  const predicted = new Uint32Array(rows);
  let total = 0;
  const packedWeights = packStrided(weights, classes, dimension);
  const logits = new Float64Array(384 * classes);
  for (let first = 0; first < rows; first += 384) {
    const count = Math.min(384, rows - first);
    productOfPacked(packRows(features, dimension, first, count), packedWeights, logits, classes);
    for (let row = 0; row < count; row++) {
      const scores = Array.from({ length: classes }, (_, c) => logits[row * classes + c]! + weights[c * stride + dimension]!);
      const most = Math.max(...scores);
      predicted[first + row] = scores.indexOf(most);
      const sum = scores.reduce((all, score) => all + Math.exp(score - most), 0);
      total += Math.log(sum) + most - (scores[labels[first + row]!] ?? Number.NEGATIVE_INFINITY);
    }
  }
  return { predicted, crossEntropy: rows > 0 ? total / rows : 0 };
}
