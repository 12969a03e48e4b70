// Slow, obvious versions of what the room computes quickly: the oracles of its tests.
import { Random } from '../../../shared/random.ts';

/** Normal numbers, deterministic in `seed`. */
export function gaussian(count: number, seed: number): Float32Array<ArrayBuffer> {
  const random = new Random(seed, 'test');
  return Float32Array.from({ length: count }, () => random.normal());
}

/** Eigenvalues of a symmetric matrix, descending, by cyclic Jacobi rotations. */
export function jacobiEigenvalues(matrix: Float64Array, size: number): Float64Array {
  const a = Float64Array.from(matrix);
  const at = (i: number, j: number): number => a[i * size + j]!;
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        off += at(p, q) ** 2;
        if (at(p, q) === 0) continue;
        const theta = (at(q, q) - at(p, p)) / (2 * at(p, q));
        const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = t * c;
        for (let k = 0; k < size; k++) {
          const [x, y] = [at(k, p), at(k, q)];
          a[k * size + p] = c * x - s * y;
          a[k * size + q] = s * x + c * y;
        }
        for (let k = 0; k < size; k++) {
          const [x, y] = [at(p, k), at(q, k)];
          a[p * size + k] = c * x - s * y;
          a[q * size + k] = s * x + c * y;
        }
      }
    }
    if (off < 1e-30) break;
  }
  return Float64Array.from({ length: size }, (_, i) => at(i, i))
    .sort()
    .reverse();
}

/** Dot product of row i of `a` and row j of `b`. */
export function dotOfRows(a: Float32Array, i: number, b: Float32Array, j: number, depth: number): number {
  let sum = 0;
  for (let k = 0; k < depth; k++) sum += a[i * depth + k]! * b[j * depth + k]!;
  return sum;
}
