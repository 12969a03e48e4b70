import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assembled } from '../files/testing/assemble.ts';
import { forEachProductBlock, gramMatrix, meanOfRows, rowCount, scatterMatrix } from './matrix-products.ts';
import { productKernelBase64 } from './product-kernel.ts';
import { dotOfRows, gaussian } from './testing/reference.ts';

const shape = fc.record({
  rows: fc.integer({ min: 1, max: 20 }),
  others: fc.integer({ min: 1, max: 20 }),
  depth: fc.integer({ min: 1, max: 17 }),
  blockRows: fc.integer({ min: 1, max: 7 }),
  seed: fc.nat(),
});

describe('matrix products', () => {
  it('come from the committed source of the kernel, assembled', async () => {
    expect(await assembled(new URL('product-kernel.wat', import.meta.url))).toBe(productKernelBase64);
  });

  it('are those of a plain loop to the last bit, whatever the memory held before', () => {
    for (const [rows, others, depth] of [
      [9, 6, 300],
      [1, 1, 1],
      [70, 90, 500],
      [3, 2, 4],
    ] as const) {
      const [a, b] = [gaussian(rows * depth, 5), gaussian(others * depth, 6)];
      forEachProductBlock(a, b, depth, (first, count, products) => {
        for (let i = 0; i < count; i++)
          for (let j = 0; j < others; j++) {
            let sum = 0;
            for (let k = 0; k < depth; k++) sum += a[(first + i) * depth + k]! * b[j * depth + k]!;
            expect(products[i * others + j]).toBe(sum);
          }
      });
    }
  });

  it('equal the plain sums for every shape and block', () => {
    fc.assert(
      fc.property(shape, ({ rows, others, depth, blockRows, seed }) => {
        const a = gaussian(rows * depth, seed);
        const b = gaussian(others * depth, seed + 1);
        const visited: number[] = [];
        const check = (first: number, count: number, products: Float64Array): void => {
          for (let i = 0; i < count; i++) {
            visited.push(first + i);
            for (let j = 0; j < others; j++) {
              expect(products[i * others + j]).toBeCloseTo(dotOfRows(a, first + i, b, j, depth), 10);
            }
          }
        };
        forEachProductBlock(a, b, depth, check, blockRows);
        expect(visited).toEqual(Array.from({ length: rows }, (_, i) => i));
      }),
      { numRuns: 40 },
    );
  });

  it('give scatter and Gram matrices beyond one band and one chunk', () => {
    const [rows, depth] = [530, 205];
    const x = gaussian(rows * depth, 3);
    const mean = meanOfRows(x, depth);
    const scatter = scatterMatrix(x, depth, mean);
    for (const [i, j] of [
      [0, 0],
      [3, 204],
      [204, 3],
      [191, 192],
      [193, 200],
    ] as const) {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += (x[row * depth + i]! - mean[i]!) * (x[row * depth + j]! - mean[j]!);
      expect(scatter[i * depth + j]).toBeCloseTo(sum, 8);
    }
    const gram = gramMatrix(x.subarray(0, 200 * depth), depth);
    for (const [i, j] of [
      [0, 0],
      [5, 199],
      [199, 5],
      [191, 192],
    ] as const) {
      expect(gram[i * 200 + j]).toBeCloseTo(dotOfRows(x, i, x, j, depth), 8);
    }
  });

  it('refuses vectors that are no whole rows', () => {
    expect(() => rowCount(new Float32Array(7), 3)).toThrow('cannot be vectors of 3 dimensions');
  });
});
