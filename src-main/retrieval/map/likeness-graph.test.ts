import { describe, expect, it } from 'vitest';
import { atOnce } from '../../files/in-pieces.ts';
import { clusteredVectors } from '../testing/clustered-vectors.ts';
import { likenessGraph, ownStrengths } from './likeness-graph.ts';
import { nearRows, noRow } from './near-rows.ts';

const { vectors } = clusteredVectors(400, 12, 8);
const near = atOnce(nearRows(vectors, 12, { k: 15 }));

describe('how strongly rows hang together', () => {
  it('is 1 for the nearest, falls with the distance, and sums to log₂ k for every row', () => {
    const strengths = ownStrengths(near);
    for (let row = 0; row < 400; row++) {
      const own = strengths.subarray(row * 15, (row + 1) * 15);
      expect(own[0]).toBe(1);
      expect([...own]).toEqual([...own].toSorted((a, b) => b - a));
      expect(own.reduce((sum, one) => sum + one, 0)).toBeCloseTo(Math.log2(15), 3);
    }
  });

  it('is told once for each pair, by the union of what each holds to the other', () => {
    const graph = likenessGraph(near);
    const strengths = ownStrengths(near);
    const heldBy = (row: number, other: number): number => {
      const place = near.rows.subarray(row * 15, (row + 1) * 15).indexOf(other);
      return place < 0 ? 0 : strengths[row * 15 + place]!;
    };
    const expected = new Map<string, number>();
    for (let a = 0; a < 400; a++)
      for (let b = a + 1; b < 400; b++) {
        const [there, back] = [heldBy(a, b), heldBy(b, a)];
        if (there > 0 || back > 0) expected.set(`${a} ${b}`, there + back - there * back);
      }
    const found = new Map(Array.from(graph.from, (from, i) => [`${from} ${graph.to[i]}`, graph.strengths[i]!]));
    expect(found.size).toBe(graph.from.length);
    expect([...found.keys()].toSorted()).toEqual([...expected.keys()].toSorted());
    for (const [pair, strength] of found) expect(strength).toBeCloseTo(expected.get(pair)!, 5);
  });

  it('copies hold to each other wholly, and rows without neighbours to nobody', () => {
    const copies = { k: 2, rows: Uint32Array.of(1, 2, 0, 2, 0, 1), scores: new Float32Array(6).fill(1) };
    expect([...likenessGraph(copies).strengths]).toEqual([1, 1, 1]);
    const alone = { k: 1, rows: Uint32Array.of(noRow), scores: Float32Array.of(-Infinity) };
    expect(likenessGraph(alone).from).toHaveLength(0);
  });
});
