import { describe, expect, it } from 'vitest';
import { atOnce } from '../../files/in-pieces.ts';
import { bruteForce } from '../testing/brute-force.ts';
import { clusteredVectors } from '../testing/clustered-vectors.ts';
import { nearRows, noRow } from './near-rows.ts';
import type { NearRows } from './near-rows.ts';

/** Share of the neighbours by a float64 search that were found. */
function recall(vectors: Float32Array, dimension: number, { k, rows }: NearRows): number {
  const count = vectors.length / dimension;
  let [found, asked] = [0, 0];
  for (let row = 0; row < count; row += Math.ceil(count / 300)) {
    const queries = vectors.subarray(row * dimension, (row + 1) * dimension);
    const [truth] = bruteForce(vectors, dimension, { queries, k, exclude: [row] });
    const own = new Set(rows.subarray(row * k, (row + 1) * k));
    found += truth!.rows.reduce((sum, one) => sum + Number(own.has(one)), 0);
    asked += k;
  }
  return found / asked;
}

describe('the nearest rows of all rows', () => {
  // Dimensions that are no multiple of four are padded; rows that are no multiple of four end in single queries.
  it.each([
    [301, 7],
    [130, 24],
  ])('of %i vectors of %i numbers are those of a float64 search', (count, dimension) => {
    const { vectors } = clusteredVectors(count, dimension, 5);
    const near = atOnce(nearRows(vectors, dimension, { k: 6 }));
    expect(recall(vectors, dimension, near)).toBe(1);
    const [truth] = bruteForce(vectors, dimension, { queries: vectors.subarray(0, dimension), k: 6, exclude: [0] });
    expect([...near.scores.subarray(0, 6)]).toEqual([...truth!.scores].map((score) => expect.closeTo(score, 5)));
  });

  it('are mostly found where each looks through a part of them', () => {
    const { vectors } = clusteredVectors(3000, 16, 40, 0.7);
    const shares: number[] = [];
    const near = atOnce(nearRows(vectors, 16, { k: 8, looked: 600 }, (share) => shares.push(share)));
    const found = recall(vectors, 16, near);
    expect(found).toBeGreaterThan(0.95);
    expect(found).toBeLessThan(1);
    expect(shares.at(-1)).toBe(1);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  });

  it('are fewer than asked for in a small library, and none of one image', () => {
    const { vectors } = clusteredVectors(3, 4, 3);
    const near = atOnce(nearRows(vectors, 4, { k: 4 }));
    expect([...near.rows.subarray(0, 4)].toSorted((a, b) => a - b)).toEqual([1, 2, noRow, noRow]);
    expect([...atOnce(nearRows(vectors.subarray(0, 4), 4, { k: 1 })).rows]).toEqual([noRow]);
  });

  it('of copies are the copies, never the row itself', () => {
    const { vectors } = clusteredVectors(4, 8, 4);
    const twice = Float32Array.of(...vectors, ...vectors);
    const { rows } = atOnce(nearRows(twice, 8, { k: 1 }));
    expect([...rows]).toEqual([4, 5, 6, 7, 0, 1, 2, 3]);
  });
});
