// Vectors of length 1 around some directions, as an encoder gives them of kinds of pictures.
import { Random } from '../../../shared/random.ts';

export interface ClusteredVectors {
  /** [rows, dimension] */
  readonly vectors: Float32Array<ArrayBuffer>;
  /** The direction that a row belongs to. */
  readonly kindOf: (row: number) => number;
}

export function clusteredVectors(rows: number, dimension: number, kinds: number, spread = 1): ClusteredVectors {
  const random = new Random(7, 'test');
  const centres = Float64Array.from({ length: kinds * dimension }, () => random.normal());
  const vectors = new Float32Array(rows * dimension);
  const kindOf = (row: number): number => row % kinds;
  for (let row = 0; row < rows; row++) {
    const own = vectors.subarray(row * dimension, (row + 1) * dimension);
    own.forEach((_, i) => (own[i] = centres[kindOf(row) * dimension + i]! + spread * random.normal()));
    const length = Math.hypot(...own);
    own.forEach((value, i) => (own[i] = value / length));
  }
  return { vectors, kindOf };
}
