// The leading principal components of many vectors: exact while one side of the matrix is small, by randomised subspace iteration
// (Halko, Martinsson & Tropp 2011, algorithm 4.4, with a Rayleigh–Ritz step) beyond.
import { Random } from '../../shared/random.ts';
import { forEachProductBlock, gramMatrix, meanOfRows, packColumns, productOfPacked, rowCount, scatterMatrix } from './matrix-products.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

export interface PrincipalComponents {
  /** [dimension], what was removed from every vector before the fit. */
  readonly mean: Float64Array;
  /** Variance along each component, descending; divided by the number of vectors. */
  readonly variances: Float64Array;
  /** Row i is the unit direction of variances[i]: [variances.length, dimension]. */
  readonly directions: Float64Array;
  /** Σ of the variances of all dimensions, those of dropped components too. */
  readonly totalVariance: number;
}

/** Up to this side a dense eigen-decomposition is quick (about 5 s at 1,024). */
const exactSide = 1024;
/** Up to this side it is no dearer than what starts from directions that are nearly right. */
const cheapSide = 256;
const oversampling = 32;
const powerIterations = 4;

export interface ComponentOptions {
  /** Draws the start of the randomised method. */
  readonly seed?: number;
  /** Longest side of a dense eigen-decomposition. */
  readonly exact?: number;
  /** Components of nearly the same vectors, [at least components, dimension]: where an exact fit is dear it is made from these. */
  readonly near?: Float32Array;
}

/**
 * The first `components` principal components of `vectors` [N, dimension], fewer when N or the rank is smaller; deterministic.
 * Throws `bad-input` for a wrong length, `non-finite` for NaN.
 */
export function principalComponents(
  vectors: Float32Array,
  dimension: number,
  components: number,
  { seed = 0, exact = exactSide, near }: ComponentOptions = {},
): PrincipalComponents {
  const rows = rowCount(vectors, dimension);
  const mean = meanOfRows(vectors, dimension);
  const totalVariance = varianceOf(vectors, dimension, mean);
  const count = Math.min(components, dimension, Math.max(0, rows - 1));
  const isNear = near !== undefined && near.length >= count * dimension && Math.min(dimension, rows) > Math.max(cheapSide, 2 * count);
  const found =
    count === 0
      ? { variances: new Float64Array(0), directions: new Float64Array(0) }
      : isNear
        ? bySubspaceIteration(vectors, dimension, rows, mean, count, seed, near)
        : dimension <= Math.min(exact, Math.max(rows, 256))
          ? byScatter(vectors, dimension, rows, mean, count)
          : rows <= exact
            ? byGram(vectors, dimension, rows, mean, count)
            : bySubspaceIteration(vectors, dimension, rows, mean, count, seed);
  // Directions whose variance is rounding noise are no directions at all.
  const floor = Math.max(totalVariance, Number.MIN_VALUE) * 1e-10;
  let kept = 0;
  while (kept < found.variances.length && found.variances[kept]! > floor) kept++;
  return {
    mean,
    totalVariance,
    variances: found.variances.slice(0, kept),
    directions: found.directions.slice(0, kept * dimension),
  };
}

type Found = Pick<PrincipalComponents, 'variances' | 'directions'>;

function varianceOf(vectors: Float32Array, dimension: number, mean: Float64Array): number {
  const rows = vectors.length / dimension;
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < dimension; k++) sum += (vectors[row * dimension + k]! - mean[k]!) ** 2;
  }
  return sum / Math.max(1, rows);
}

function byScatter(vectors: Float32Array, dimension: number, rows: number, mean: Float64Array, count: number): Found {
  const { values, vectors: directions } = symmetricEigen(scatterMatrix(vectors, dimension, mean), dimension);
  return { variances: values.slice(0, count).map((value) => value / rows), directions: directions.slice(0, count * dimension) };
}

/** Eigenvectors u of X·Xᵀ give those of Xᵀ·X as Xᵀu/√λ. */
function byGram(vectors: Float32Array, dimension: number, rows: number, mean: Float64Array, count: number): Found {
  const { values, vectors: coefficients } = symmetricEigen(gramMatrix(vectors, dimension, mean), rows);
  const directions = new Float64Array(count * dimension);
  for (let i = 0; i < count; i++) {
    const target = directions.subarray(i * dimension, (i + 1) * dimension);
    for (let row = 0; row < rows; row++) {
      const weight = coefficients[i * rows + row]!;
      for (let k = 0; k < dimension; k++) target[k]! += weight * (vectors[row * dimension + k]! - mean[k]!);
    }
    const norm = Math.sqrt(dot(target, target));
    if (norm > 0) for (let k = 0; k < dimension; k++) target[k]! /= norm;
  }
  return { variances: values.slice(0, count).map((value) => value / rows), directions };
}

function bySubspaceIteration(
  vectors: Float32Array,
  dimension: number,
  rows: number,
  mean: Float64Array,
  count: number,
  seed: number,
  near?: Float32Array,
): Found {
  const width = Math.min(count + oversampling, dimension, rows);
  const random = new Random(seed, 'evaluation');
  let basis = Float64Array.from({ length: width * dimension }, () => random.normal());
  if (near) basis.set(near.subarray(0, count * dimension));
  orthonormaliseRows(basis, width, dimension);
  for (let iteration = 0; iteration < powerIterations; iteration++) {
    basis = applyScatter(vectors, dimension, mean, basis, width);
    orthonormaliseRows(basis, width, dimension);
  }
  const projected = projectRows(vectors, dimension, mean, basis, width);
  const small = symmetricEigen(scatterMatrix(projected, width), width);
  const directions = new Float64Array(count * dimension);
  for (let i = 0; i < count; i++) {
    const target = directions.subarray(i * dimension, (i + 1) * dimension);
    for (let j = 0; j < width; j++) {
      const weight = small.vectors[i * width + j]!;
      for (let k = 0; k < dimension; k++) target[k]! += weight * basis[j * dimension + k]!;
    }
  }
  return { variances: small.values.slice(0, count).map((value) => value / rows), directions };
}

/** (X − mean)·basisᵀ: [rows, width]. */
function projectRows(vectors: Float32Array, dimension: number, mean: Float64Array, basis: Float64Array, width: number): Float32Array {
  const offsets = Float64Array.from({ length: width }, (_, i) => dot(basis.subarray(i * dimension, (i + 1) * dimension), mean));
  const projected = new Float32Array((vectors.length / dimension) * width);
  forEachProductBlock(vectors, Float32Array.from(basis), dimension, (first, rows, products) => {
    for (let i = 0; i < rows * width; i++) projected[first * width + i] = products[i]! - offsets[i % width]!;
  });
  return projected;
}

/** basis·Xᵀ·X: one power iteration, [width, dimension]. */
function applyScatter(
  vectors: Float32Array,
  dimension: number,
  mean: Float64Array,
  basis: Float64Array,
  width: number,
): Float64Array<ArrayBuffer> {
  const projected = projectRows(vectors, dimension, mean, basis, width);
  const rows = vectors.length / dimension;
  const next = new Float64Array(width * dimension);
  const chunk = 512;
  const band = 768;
  const sums = new Float64Array(width);
  for (let from = 0; from < rows; from += chunk) {
    const count = Math.min(chunk, rows - from);
    const left = packColumns(projected.subarray(from * width, (from + count) * width), width, count, 0, width);
    const slab = vectors.subarray(from * dimension, (from + count) * dimension);
    for (let k = 0; k < dimension; k += band) {
      const right = packColumns(slab, dimension, count, k, Math.min(band, dimension - k));
      productOfPacked(left, right, next, dimension, { column: k, add: true });
    }
    for (let i = 0; i < count * width; i++) sums[i % width]! += projected[from * width + i]!;
  }
  for (let i = 0; i < width; i++) for (let k = 0; k < dimension; k++) next[i * dimension + k]! -= sums[i]! * mean[k]!;
  return next;
}

/** Modified Gram–Schmidt, twice for full orthogonality. */
function orthonormaliseRows(rows: Float64Array, count: number, dimension: number): void {
  for (let i = 0; i < count; i++) {
    const row = rows.subarray(i * dimension, (i + 1) * dimension);
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const other = rows.subarray(j * dimension, (j + 1) * dimension);
        const share = dot(row, other);
        for (let k = 0; k < dimension; k++) row[k]! -= share * other[k]!;
      }
    }
    const norm = Math.sqrt(dot(row, row));
    for (let k = 0; k < dimension; k++) row[k] = norm > 1e-30 ? row[k]! / norm : 0;
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
  return sum;
}
