import { describe, expect, it } from 'vitest';
import { principalComponents } from './principal-components.ts';
import { gaussian } from './testing/reference.ts';

/** Vectors whose spectrum decays like 1/j, turned out of the axes. */
function decaying(rows: number, dimension: number): Float32Array {
  const x = gaussian(rows * dimension, 5);
  for (let i = 0; i < x.length; i++) x[i]! /= 1 + (i % dimension);
  for (let row = 0; row < rows; row++) {
    for (let k = 1; k < dimension; k++) x[row * dimension + k]! += 0.5 * x[row * dimension + k - 1]! + 3;
  }
  return x;
}

describe('principalComponents', () => {
  it('finds the same components by scatter, Gram and randomised iteration', () => {
    const [rows, dimension, count] = [120, 90, 8];
    const x = decaying(rows, dimension);
    const exact = principalComponents(x, dimension, count);
    const byIteration = principalComponents(x, dimension, count, { seed: 7, exact: 50 });
    const byGram = principalComponents(x.subarray(0, 40 * dimension), dimension, count, { exact: 60 });
    const byScatter = principalComponents(x.subarray(0, 40 * dimension), dimension, count);
    for (const [a, b] of [
      [exact, byIteration],
      [byScatter, byGram],
    ] as const) {
      for (let i = 0; i < count; i++) {
        expect(b.variances[i]! / a.variances[i]!).toBeCloseTo(1, 4);
        let product = 0;
        for (let k = 0; k < dimension; k++) product += a.directions[i * dimension + k]! * b.directions[i * dimension + k]!;
        expect(Math.abs(product)).toBeGreaterThan(0.999);
      }
    }
  });

  it('comes closer to the exact ones from those of nearly the same vectors than from a random start', () => {
    const [rows, dimension, count] = [420, 280, 40];
    const x = decaying(rows, dimension);
    const part = x.subarray(0, 340 * dimension);
    const near = Float32Array.from(principalComponents(part, dimension, count).directions);
    const exact = principalComponents(x, dimension, count);
    // Share of the exact components' variance that the others miss.
    const missed = (found: ReturnType<typeof principalComponents>): number => {
      const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
      return 1 - sum(found.variances) / sum(exact.variances);
    };
    const [fromNear, fromRandom] = [
      missed(principalComponents(x, dimension, count, { near })),
      missed(principalComponents(x, dimension, count, { exact: 50 })),
    ];
    expect(fromNear).toBeGreaterThan(0);
    expect(fromNear).toBeLessThan(1e-6);
    expect(fromNear).toBeLessThan(fromRandom);
  });

  it('keeps no more components than the rank, and counts all variance', () => {
    const flat = Float32Array.from({ length: 30 }, (_, i) => [Math.floor(i / 3), 2, -Math.floor(i / 3)][i % 3]!);
    const { variances, totalVariance } = principalComponents(flat, 3, 3);
    expect(variances).toHaveLength(1);
    expect(variances[0]).toBeCloseTo(16.5, 10);
    expect(totalVariance).toBeCloseTo(16.5, 10);
    expect(principalComponents(new Float32Array(12).fill(4), 3, 3).variances).toHaveLength(0);
  });
});
