import { describe, expect, it } from 'vitest';
import { atOnce } from '../../files/in-pieces.ts';
import { clusteredVectors } from '../testing/clustered-vectors.ts';
import { likenessGraph } from './likeness-graph.ts';
import type { LikenessGraph } from './likeness-graph.ts';
import { mapLayout } from './map-layout.ts';
import { nearRows } from './near-rows.ts';

const graphOf = (pairs: readonly (readonly [number, number])[]): LikenessGraph => ({
  from: Uint32Array.from(pairs, ([from]) => from),
  to: Uint32Array.from(pairs, ([, to]) => to),
  strengths: new Float32Array(pairs.length).fill(1),
});
const distance = (places: Float32Array, a: number, b: number): number =>
  Math.hypot(places[2 * a]! - places[2 * b]!, places[2 * a + 1]! - places[2 * b + 1]!);

/** Share of rows whose nearest row on the map is of their kind. */
function kept(places: Float32Array, kindOf: (row: number) => number): number {
  const rows = places.length / 2;
  let same = 0;
  for (let row = 0; row < rows; row++) {
    let nearest = row === 0 ? 1 : 0;
    for (let other = 0; other < rows; other++)
      if (other !== row && distance(places, row, other) < distance(places, row, nearest)) nearest = other;
    same += Number(kindOf(nearest) === kindOf(row));
  }
  return same / rows;
}

describe('a map', () => {
  it('puts together what hangs together, wherever it began', () => {
    const { vectors, kindOf } = clusteredVectors(600, 16, 6, 0.6);
    const graph = likenessGraph(atOnce(nearRows(vectors, 16, { k: 10 })));
    // Rows begin where the first two numbers say, which tells kinds apart badly.
    const begin = Float32Array.from({ length: 1200 }, (_, i) => vectors[(i >> 1) * 16 + (i & 1)]!);
    expect(kept(begin, kindOf)).toBeLessThan(0.7);
    const places = atOnce(mapLayout(graph, { begin, epochs: 200 }));
    expect(kept(places, kindOf)).toBeGreaterThan(0.97);
    expect(atOnce(mapLayout(graph, { begin, epochs: 200 }))).toEqual(places);
  });

  it('fills a square from −1 to 1, is centred, and widest from left to right', () => {
    const ring = Array.from({ length: 60 }, (_, i) => [i, (i + 1) % 60] as const);
    const begin = Float32Array.from({ length: 120 }, (_, i) => (i % 2 === 0 ? Math.cos(i / 19) : 3 * Math.sin(i / 19)));
    const places = atOnce(mapLayout(graphOf(ring), { begin, epochs: 100 }));
    const [x, y] = [0, 1].map((axis) => places.filter((_, i) => i % 2 === axis)) as [Float32Array, Float32Array];
    const mean = (values: Float32Array): number => values.reduce((sum, one) => sum + one, 0) / values.length;
    const variance = (values: Float32Array): number => mean(values.map((value) => value * value));
    expect(Math.max(...places.map((value) => Math.abs(value)))).toBeCloseTo(1, 5);
    expect([mean(x), mean(y)]).toEqual([expect.closeTo(0, 5), expect.closeTo(0, 5)]);
    expect(variance(x)).toBeGreaterThanOrEqual(variance(y));
  });

  it('stays as it was where it begins with an earlier one', () => {
    const { vectors } = clusteredVectors(300, 16, 3, 0.4);
    const graph = likenessGraph(atOnce(nearRows(vectors, 16, { k: 10 })));
    const begin = new Float32Array(600);
    for (let row = 0; row < 300; row++) begin.set([[-1, 0, 1][row % 3]!, [0.5, -0.9, 0.5][row % 3]!], 2 * row);
    const places = atOnce(mapLayout(graph, { begin, isEarlier: true, epochs: 100 }));
    const middle = (kind: number): readonly [number, number] => {
      const rows = Array.from({ length: 100 }, (_, i) => 3 * i + kind);
      return [0, 1].map((axis) => rows.reduce((sum, row) => sum + places[2 * row + axis]! / 100, 0)) as [number, number];
    };
    expect(middle(0)[0]).toBeLessThan(middle(1)[0]);
    expect(middle(1)[0]).toBeLessThan(middle(2)[0]);
    expect(middle(1)[1]).toBeLessThan(Math.min(middle(0)[1], middle(2)[1]));
  });

  it('of copies, of one image and of images that hang together nowhere has finite places', () => {
    const begin = new Float32Array(8);
    const copies = atOnce(
      mapLayout(
        graphOf([
          [0, 1],
          [1, 2],
          [2, 3],
        ]),
        { begin, epochs: 50 },
      ),
    );
    const none = atOnce(mapLayout(graphOf([]), { begin }));
    const one = atOnce(mapLayout(graphOf([]), { begin: new Float32Array(2) }));
    for (const value of [...copies, ...none, ...one]) expect(Number.isFinite(value)).toBe(true);
    expect([...one]).toEqual([0, 0]);
    expect(distance(copies, 0, 3)).toBeGreaterThan(0);
  });
});
