// What chains of products come to on this processor, beside float64.
import { describe, expect, it } from 'vitest';
import { evaluate } from '../tensor/reference.ts';
import { chainGraph, chainMatrix, chainMemory, compileChain } from './product-chain.ts';
import type { Chain, ProductOptions } from './product-chain.ts';
import { chainDeviation } from './testing/chain-deviation.ts';

const small = { side: 96, products: 8 };

async function rowsOf(chain: Chain, options: ProductOptions): Promise<Float32Array> {
  const call = await compileChain(chain, options);
  try {
    await call.run();
    // Whatever the first call has left behind, the second comes to the same.
    return await call.run();
  } finally {
    await call.dispose();
  }
}

describe('a chain of products', () => {
  it('comes to what it does in float64', async () => {
    expect(chainDeviation(small, await rowsOf(small, { threads: 1 }))).toBeLessThan(1e-5);
    // Of another power it would be far from it.
    const [other] = evaluate([chainGraph({ ...small, products: 7 })], { a: chainMatrix(small.side) });
    expect(chainDeviation(small, Float32Array.from(other!))).toBeGreaterThan(0.05);
  });

  it('is rounded in float16, and no more than that', async () => {
    const deviation = chainDeviation(small, await rowsOf(small, { precision: 'float16', threads: 1 }));
    expect(deviation).toBeGreaterThan(1e-5);
    expect(deviation).toBeLessThan(2e-2);
  });

  it('keeps its values where float16 has many digits, however large it is', async () => {
    for (const side of [128, 512, 1024]) {
      const matrix = chainMatrix(side);
      const variance = matrix.reduce((sum, value) => sum + value ** 2, 0) / side;
      expect(variance).toBeGreaterThan(0.98);
      expect(variance).toBeLessThan(1.02);
      const rows = await rowsOf({ side, products: 8 }, { threads: 2 });
      // The mean size of normal values of that variance.
      const expected = Math.sqrt((2 / Math.PI) * side);
      const mean = rows.reduce((sum, value) => sum + value, 0) / side;
      expect([mean > 0.4 * expected, mean < 2.5 * expected]).toEqual([true, true]);
      expect(rows.every((value) => value > 0.1 * expected && value < 10 * expected)).toBe(true);
    }
  });

  it('has in memory the matrix and two powers of it, however many products there are', () => {
    const bytes = 4 * 1024 ** 2;
    for (const products of [2, 8, 32]) {
      const { total, largest } = chainMemory({ side: 1024, products });
      expect(largest).toBe(bytes);
      expect(total).toBe(3 * bytes);
    }
    expect(chainMemory({ side: 1024, products: 8 }, 'float16').total).toBe(4.5 * bytes);
  });
});
