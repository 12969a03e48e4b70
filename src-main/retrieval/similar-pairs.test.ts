import { describe, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { normaliseRows } from '../evaluation/spaces.ts';
import type { SimilarPairs } from './pair-collector.ts';
import { similarPairs } from './similar-pairs.ts';

/** Every pair, compared in float64. */
function bruteForce(vectors: Float32Array, dimension: number, floor: number): { pair: string; cosine: number }[] {
  const found = [];
  for (let j = 0; j < vectors.length / dimension; j++)
    for (let i = 0; i < j; i++) {
      let cosine = 0;
      for (let k = 0; k < dimension; k++) cosine += vectors[i * dimension + k]! * vectors[j * dimension + k]!;
      if (cosine > floor) found.push({ i, j, cosine: Math.min(1, cosine) });
    }
  return found.sort((a, b) => b.cosine - a.cosine || a.i - b.i || a.j - b.j).map(({ i, j, cosine }) => ({ pair: `${i} ${j}`, cosine }));
}

const listed = ({ first, second, cosines }: SimilarPairs): { pair: string; cosine: number }[] =>
  Array.from(cosines, (cosine, i) => ({ pair: `${first[i]} ${second[i]}`, cosine }));

/** Random directions, of which every third row is an earlier one with a little noise. */
function withCopies(rows: number, dimension: number, seed: number, noise: number): Float32Array {
  const random = new Random(seed, 'test');
  const vectors = Float32Array.from({ length: rows * dimension }, () => random.normal());
  for (let row = 3; row < rows; row += 3)
    for (let k = 0; k < dimension; k++)
      vectors[row * dimension + k] = vectors[(row % 50) * dimension + k]! + noise * random.normal() * (row % 7);
  return normaliseRows(vectors, dimension);
}

describe('similar pairs', () => {
  it.each([
    [1, 8, 0.5],
    [2, 3, 0.9],
    [501, 128, 0.8],
    [502, 20, 0.8],
    [1503, 50, 0.6],
    [600, 7, 0.2],
  ])('are those that a float64 comparison of all of %i rows of %i numbers finds above %f', (rows, dimension, floor) => {
    const vectors = withCopies(rows, dimension, rows, 0.1);
    const found = similarPairs(vectors, dimension, { floor, most: 1e6 });
    const expected = bruteForce(vectors, dimension, floor);
    if (rows > 500) expect(expected.length).toBeGreaterThan(100);
    expect(listed(found)).toEqual(expected);
    expect(found.floor).toBe(floor);
  });

  it('are found where the first numbers of all vectors are nothing, and where one direction is all that most have', () => {
    const random = new Random(4, 'test');
    const [rows, dimension] = [400, 64];
    const late = Float32Array.from({ length: rows * dimension }, (_, i) => (i % dimension < 40 ? 0 : random.normal()));
    const alike = Float32Array.from({ length: rows * dimension }, (_, i) => (i % dimension === 63 ? 4 : 0.2 * random.normal()));
    for (const vectors of [late, alike].map((one) => normaliseRows(one, dimension)))
      for (const floor of [0.3, 0.9]) {
        const expected = bruteForce(vectors, dimension, floor);
        expect(listed(similarPairs(vectors, dimension, { floor, most: 1e6 }))).toEqual(expected);
      }
  });

  it('where there are more than can be kept are all above a higher floor', () => {
    const vectors = withCopies(900, 32, 9, 0.05);
    const all = bruteForce(vectors, 32, 0.1);
    for (const most of [50, 1000, 3000]) {
      expect(all.length).toBeGreaterThan(most);
      const found = similarPairs(vectors, 32, { floor: 0.1, most });
      expect(found.floor).toBeGreaterThan(0.1);
      expect(found.cosines.length).toBeGreaterThan(most / 4);
      expect(found.cosines.length).toBeLessThanOrEqual(most);
      expect(listed(found)).toEqual(bruteForce(vectors, 32, found.floor));
    }
  });

  it('of vectors that are all the same are none: they tell nothing apart', () => {
    const vectors = normaliseRows(new Float32Array(300 * 8).fill(0.7), 8);
    const found = similarPairs(vectors, 8, { floor: 0.8, most: 1000 });
    expect(found.floor).toBeGreaterThan(0.9999);
    expect(found.cosines).toHaveLength(0);
  });

  it('of pictures without a direction are none', () => {
    expect(similarPairs(new Float32Array(40 * 8), 8, { floor: 0, most: 100 }).cosines).toHaveLength(0);
  });

  it('of rows that were compared before are not looked for again, and the others are all found', () => {
    const vectors = withCopies(700, 24, 5, 0.1);
    const limits = { floor: 0.8, most: 1e6 };
    const whole = similarPairs(vectors, 24, limits);
    for (const rows of [1, 333, 699, 700]) {
      const pairs = similarPairs(vectors.subarray(0, rows * 24), 24, limits);
      expect(similarPairs(vectors, 24, limits, undefined, { rows, pairs })).toEqual(whole);
      // A pair that is claimed to be there is believed.
      const claimed = { ...pairs, first: pairs.first.slice(1), second: pairs.second.slice(1), cosines: pairs.cosines.slice(1) };
      if (rows > 1)
        expect(similarPairs(vectors, 24, limits, undefined, { rows, pairs: claimed }).cosines).toHaveLength(whole.cosines.length - 1);
    }
  });

  it('tell how far they are, never back, up to the end', () => {
    const shares: number[] = [];
    similarPairs(withCopies(9000, 8, 6, 0.1), 8, { floor: 0.999, most: 1e6 }, (share) => shares.push(share));
    expect(shares.length).toBeGreaterThan(10);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
  });
});
