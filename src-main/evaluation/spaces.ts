// The three spaces of an embedding: as the encoder gave it, with the library's mean removed, and whitened by principal components.
// A transform is fitted once (on the bank, or on the library) and then applied to every vector that is compared.
import { AppError } from '../../shared/errors.ts';
import { meanOfRows, packRows, productOfPacked, rowCount } from './matrix-products.ts';
import { principalComponents } from './principal-components.ts';

export const spaceKinds = ['raw', 'centred', 'whitened'] as const;
export type SpaceKind = (typeof spaceKinds)[number];

/** A fitted space. Plain data, so that it can be stored and sent; `version` changes when the meaning of a field does. */
export interface SpaceTransform {
  readonly version: 1;
  readonly kind: SpaceKind;
  readonly dimension: number;
  readonly outputDimension: number;
  /** Vectors that the transform was fitted on. */
  readonly fittedOn: number;
  /** Share of the mean variance mixed into each variance (whitened only, else 0). */
  readonly shrinkage: number;
  /** [dimension]; zeros for `raw`. */
  readonly mean: Float32Array;
  /** Unit directions [outputDimension, dimension] (whitened only, else empty). */
  readonly directions: Float32Array;
  /** Factor of each direction [outputDimension] (whitened only, else empty). */
  readonly scales: Float32Array;
}

export interface SpaceOptions {
  /** Most components that whitening keeps. */
  readonly components?: number;
  /** s in scaleⱼ = ((1 − s)·λⱼ + s·λ̄)^−½, λ̄ = mean of the kept variances λ. */
  readonly shrinkage?: number;
  readonly seed?: number;
  /** A space of nearly the same vectors, such as another fold's: where whitening is dear to fit, it is fitted from that one. */
  readonly near?: SpaceTransform;
}

export const defaultComponents = 128;
/**
 * Keeps the last, badly estimated components from being blown up. 20-NN of CIFAR-10 (10,000 in the bank, 2,000 queries, 128 components):
 * raw pixels of 32×32 46.2 % at 0 and at 0.01, 47.6 at 0.05, 48.5 at 0.1, 48.2 at 0.3; an encoder trained for the agreement of crops
 * 59.0 at 0.01, 59.6 at 0.03, 61.0 at 0.1, 60.9 at 0.2, 61.4 at 0.4; one with the masked prediction 54.8, 56.0, 56.4, 57.0, 56.8.
 */
export const defaultShrinkage = 0.1;

/**
 * Fits a space on `bank` [N, dimension]. Whitening is y = diag(scales)·directions·(x − mean), with the top components and the
 * shrinkage of {@link SpaceOptions}; vectors that do not vary at all give one component of scale 0.
 * Throws `bad-input` for no vectors or a wrong length, `non-finite` for NaN.
 */
export function fitSpace(kind: SpaceKind, bank: Float32Array, dimension: number, options: SpaceOptions = {}): SpaceTransform {
  const rows = rowCount(bank, dimension);
  if (rows === 0) {
    throw new AppError('bad-input', 'There are no vectors to fit a space on.', 'Compute the vectors of some images first.');
  }
  requireFinite(bank);
  const none = new Float32Array(0);
  const common = { version: 1, kind, dimension, fittedOn: rows } as const;
  if (kind !== 'whitened') {
    const mean = kind === 'raw' ? new Float32Array(dimension) : Float32Array.from(meanOfRows(bank, dimension));
    return { ...common, outputDimension: dimension, shrinkage: 0, mean, directions: none, scales: none };
  }
  const { components = defaultComponents, shrinkage = defaultShrinkage, seed = 0, near } = options;
  if (!(Number.isInteger(components) && components >= 1) || !(shrinkage >= 0 && shrinkage <= 1)) {
    throw new AppError(
      'bad-input',
      `Whitening cannot use ${components} components with shrinkage ${shrinkage}.`,
      'Choose at least 1 component and a shrinkage from 0 to 1.',
    );
  }
  const found = principalComponents(bank, dimension, components, { seed, ...(near && { near: near.directions }) });
  const kept = found.variances.length;
  const meanVariance = found.variances.reduce((sum, value) => sum + value, 0) / Math.max(1, kept);
  return {
    ...common,
    outputDimension: Math.max(1, kept),
    shrinkage,
    mean: Float32Array.from(found.mean),
    directions: kept > 0 ? Float32Array.from(found.directions) : new Float32Array(dimension),
    scales:
      kept > 0
        ? Float32Array.from(found.variances, (value) => 1 / Math.sqrt((1 - shrinkage) * value + shrinkage * meanVariance))
        : new Float32Array(1),
  };
}

/** Takes `vectors` [N, dimension] into the space: [N, outputDimension], not normalised. Throws `bad-input` for a wrong length. */
export function applySpace(space: SpaceTransform, vectors: Float32Array): Float32Array<ArrayBuffer> {
  const { dimension, outputDimension, mean, directions, scales } = space;
  const rows = rowCount(vectors, dimension);
  if (space.kind !== 'whitened') {
    const moved = Float32Array.from(vectors);
    if (space.kind === 'centred') {
      for (let row = 0; row < rows; row++) for (let k = 0; k < dimension; k++) moved[row * dimension + k]! -= mean[k]!;
    }
    return moved;
  }
  const result = new Float32Array(rows * outputDimension);
  const right = packRows(directions, dimension, 0, outputDimension);
  const offset = Float64Array.from(mean);
  const block = 384;
  for (let first = 0; first < rows; first += block) {
    const left = packRows(vectors, dimension, first, Math.min(block, rows - first), offset);
    productOfPacked(left, right, result, outputDimension, { row: first });
  }
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < outputDimension; j++) result[row * outputDimension + j]! *= scales[j]!;
  }
  return result;
}

/** Rows of length 1 (L2), so that a dot product is a cosine; a row of zeros stays zero. A new array. */
export function normaliseRows(vectors: Float32Array, dimension: number): Float32Array<ArrayBuffer> {
  const rows = rowCount(vectors, dimension);
  const result = new Float32Array(vectors.length);
  for (let row = 0; row < rows; row++) {
    let squares = 0;
    for (let k = 0; k < dimension; k++) squares += vectors[row * dimension + k]! ** 2;
    const factor = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (let k = 0; k < dimension; k++) result[row * dimension + k] = vectors[row * dimension + k]! * factor;
  }
  return result;
}

/** Throws `non-finite` when a vector holds NaN or infinity. */
export function requireFinite(vectors: Float32Array): void {
  for (let i = 0; i < vectors.length; i++) {
    const value = vectors[i]!;
    if (value - value !== 0) {
      throw new AppError(
        'non-finite',
        'A vector contains values that are not numbers.',
        'The weights that made it are damaged: choose an earlier checkpoint and compute its vectors.',
      );
    }
  }
}
