import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gramMatrix, scatterMatrix } from './matrix-products.ts';
import { symmetricEigen } from './symmetric-eigen.ts';
import { gaussian, jacobiEigenvalues } from './testing/reference.ts';

function symmetric(size: number, seed: number): Float64Array {
  const half = gaussian(size * size, seed);
  return Float64Array.from({ length: size * size }, (_, i) => half[i]! + half[(i % size) * size + Math.floor(i / size)]!);
}

function checkDecomposition(matrix: Float64Array, size: number): void {
  const { values, vectors } = symmetricEigen(matrix, size);
  const scale = Math.max(1, ...matrix.map(Math.abs));
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let product = 0;
      for (let k = 0; k < size; k++) product += vectors[i * size + k]! * vectors[j * size + k]!;
      expect(Math.abs(product - (i === j ? 1 : 0))).toBeLessThan(1e-12 * size);
    }
    for (let row = 0; row < size; row++) {
      let product = 0;
      for (let k = 0; k < size; k++) product += matrix[row * size + k]! * vectors[i * size + k]!;
      expect(Math.abs(product - values[i]! * vectors[i * size + row]!)).toBeLessThan(1e-12 * size * scale);
    }
  }
}

describe('symmetricEigen', () => {
  it('agrees with Jacobi rotations and is a decomposition', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(), (size, seed) => {
        const matrix = symmetric(size, seed);
        const { values } = symmetricEigen(matrix, size);
        const expected = jacobiEigenvalues(matrix, size);
        for (let i = 0; i < size; i++) expect(values[i]).toBeCloseTo(expected[i]!, 10);
        checkDecomposition(matrix, size);
      }),
      { numRuns: 40 },
    );
  });

  it('survives zeros, equal eigenvalues, rank one and widely spread scales', () => {
    checkDecomposition(new Float64Array(25), 5);
    checkDecomposition(
      Float64Array.from({ length: 36 }, (_, i) => (i % 7 === 0 ? 1 : 0)),
      6,
    );
    checkDecomposition(
      Float64Array.from({ length: 36 }, () => 1),
      6,
    );
    const spread = Float64Array.from({ length: 36 }, (_, i) => 10 ** (-3 * (Math.floor(i / 6) + (i % 6))));
    checkDecomposition(spread, 6);
    checkDecomposition(symmetric(60, 1), 60);
  });

  // Grey or enlarged pictures have such matrices: most eigenvalues are rounding noise beside noise.
  it.each([1, 2, 3])('converges on a matrix of low rank, seed %i', (seed) => {
    const [size, rank] = [150, 20];
    const factor = gaussian(size * rank, seed);
    checkDecomposition(gramMatrix(factor, rank), size);
    const repeated = Float32Array.from({ length: 200 * size }, (_, i) => factor[(Math.floor(i / size) % size) * rank + (i % rank)]!);
    const { values } = symmetricEigen(scatterMatrix(repeated, size), size);
    expect(values.filter((value) => value > 1e-10 * values[0]!)).toHaveLength(rank);
  });

  it('refuses what is not a number', () => {
    expect(() => symmetricEigen(Float64Array.of(1, Number.NaN, Number.NaN, 1), 2)).toThrow('not numbers');
  });
});
