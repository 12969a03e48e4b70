// Eigen-decomposition of a real symmetric matrix: Householder tridiagonalisation, then implicit QL with Wilkinson's shift
// (Golub & Van Loan, Matrix Computations, §8.3; Bowdler, Martin, Reinsch & Wilkinson 1968). Eigenvectors are kept as rows, so that
// every inner loop runs over contiguous memory.
import { AppError } from '../../shared/errors.ts';

export interface SymmetricEigen {
  /** Descending. */
  readonly values: Float64Array;
  /** Row i is the unit eigenvector of values[i]; its largest component is positive, so that the sign does not depend on chance. */
  readonly vectors: Float64Array;
}

/**
 * All eigenvalues and eigenvectors of the symmetric `matrix` [size, size] (its lower half is not read twice: symmetry is assumed).
 * Throws `non-finite` for a matrix with NaN or infinity.
 */
export function symmetricEigen(matrix: Float64Array, size: number): SymmetricEigen {
  if (matrix.length !== size * size) {
    throw new AppError('internal', `${matrix.length} values are no ${size}×${size} matrix.`, 'This is a fault of the program.');
  }
  if (!matrix.every(Number.isFinite)) {
    throw new AppError(
      'non-finite',
      'The vectors contain values that are not numbers.',
      'The weights that made these vectors are damaged: choose an earlier checkpoint.',
    );
  }
  const diagonal = new Float64Array(size);
  const offDiagonal = new Float64Array(size);
  const vectors = tridiagonalise(Float64Array.from(matrix), size, diagonal, offDiagonal);
  implicitQl(diagonal, offDiagonal, vectors, size);
  return sorted(diagonal, vectors, size);
}

/** Reduces `a` (destroyed) to tridiagonal form T = Q·A·Qᵀ; returns Q [size, size]. offDiagonal[i] couples i and i + 1. */
function tridiagonalise(a: Float64Array, n: number, diagonal: Float64Array, offDiagonal: Float64Array): Float64Array {
  const factors = new Float64Array(n);
  const reflected = new Float64Array(n);
  for (let k = 0; k + 2 < n; k++) {
    // The reflector of column k lives in row k, right of the diagonal.
    const base = k * n;
    let scale = 0;
    for (let j = k + 2; j < n; j++) scale = Math.max(scale, Math.abs(a[base + j]!));
    const head = a[base + k + 1]!;
    if (scale === 0) {
      offDiagonal[k] = head;
      continue;
    }
    scale = Math.max(scale, Math.abs(head));
    let squares = 0;
    for (let j = k + 1; j < n; j++) {
      const scaled = a[base + j]! / scale;
      a[base + j] = scaled;
      squares += scaled * scaled;
    }
    const norm = Math.sqrt(squares);
    const first = a[base + k + 1]!;
    const alpha = first > 0 ? -norm : norm;
    a[base + k + 1] = first - alpha;
    offDiagonal[k] = alpha * scale;
    const factor = 1 / (squares - first * alpha); // 2 / (vᵀv)
    factors[k] = factor;
    let half = 0;
    for (let i = k + 1; i < n; i++) {
      const row = i * n;
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += a[row + j]! * a[base + j]!;
      reflected[i] = factor * sum;
      half += reflected[i]! * a[base + i]!;
    }
    half *= factor / 2;
    for (let i = k + 1; i < n; i++) reflected[i]! -= half * a[base + i]!;
    for (let i = k + 1; i < n; i++) {
      const row = i * n;
      const v = a[base + i]!;
      const w = reflected[i]!;
      for (let j = k + 1; j < n; j++) a[row + j]! -= v * reflected[j]! + w * a[base + j]!;
    }
  }
  for (let i = 0; i < n; i++) diagonal[i] = a[i * n + i]!;
  if (n > 1) offDiagonal[n - 2] = a[(n - 2) * n + n - 1]!;
  return accumulateReflectors(a, factors, n);
}

function accumulateReflectors(a: Float64Array, factors: Float64Array, n: number): Float64Array {
  const q = new Float64Array(n * n);
  for (let i = 0; i < n; i++) q[i * n + i] = 1;
  for (let k = n - 3; k >= 0; k--) {
    const factor = factors[k]!;
    if (factor === 0) continue;
    const base = k * n;
    for (let i = k + 1; i < n; i++) {
      const row = i * n;
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += q[row + j]! * a[base + j]!;
      if (sum === 0) continue;
      sum *= factor;
      for (let j = k + 1; j < n; j++) q[row + j]! -= sum * a[base + j]!;
    }
  }
  return q;
}

/** Diagonalises the tridiagonal matrix in place and applies its rotations to the rows of `z`. */
function implicitQl(d: Float64Array, e: Float64Array, z: Float64Array, n: number): void {
  // Couplings below the rounding of the largest entry are zero. Compared with their neighbours alone, those of a matrix of low rank
  // never would be: there the neighbours are rounding noise themselves.
  const largest = d.reduce((most, value, i) => Math.max(most, Math.abs(value) + Math.abs(e[i]!)), 0);
  const noise = Math.max(Number.MIN_VALUE, Number.EPSILON * largest);
  for (let l = 0; l < n; l++) {
    for (let iteration = 0; ; iteration++) {
      let m = l;
      while (m + 1 < n) {
        if (Math.abs(e[m]!) <= noise) break;
        m++;
      }
      if (m === l) break;
      if (iteration === 60) {
        throw new AppError('internal', 'An eigenvalue did not converge.', 'This is a fault of the program: please report it.');
      }
      let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
      let r = Math.hypot(g, 1);
      g = d[m]! - d[l]! + e[l]! / (g + (g >= 0 ? r : -r));
      let s = 1;
      let c = 1;
      let p = 0;
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i]!;
        const b = c * e[i]!;
        r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1]! -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1]! - p;
        r = (d[i]! - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        rotateRows(z, i * n, (i + 1) * n, n, c, s);
      }
      if (r === 0 && i >= l) continue;
      d[l]! -= p;
      e[l] = g;
      if (m < n) e[m] = 0;
    }
  }
}

function rotateRows(z: Float64Array, lower: number, upper: number, n: number, c: number, s: number): void {
  for (let k = 0; k < n; k++) {
    const a = z[lower + k]!;
    const b = z[upper + k]!;
    z[upper + k] = s * a + c * b;
    z[lower + k] = c * a - s * b;
  }
}

function sorted(values: Float64Array, vectors: Float64Array, n: number): SymmetricEigen {
  const order = Array.from({ length: n }, (_, index) => index).sort((i, j) => values[j]! - values[i]! || i - j);
  const sortedVectors = new Float64Array(n * n);
  for (const [target, source] of order.entries()) {
    const row = vectors.subarray(source * n, (source + 1) * n);
    let largest = 0;
    for (let k = 1; k < n; k++) if (Math.abs(row[k]!) > Math.abs(row[largest]!)) largest = k;
    const sign = row[largest]! < 0 ? -1 : 1;
    for (let k = 0; k < n; k++) sortedVectors[target * n + k] = sign * row[k]!;
  }
  return { values: Float64Array.from(order, (index) => values[index]!), vectors: sortedVectors };
}
