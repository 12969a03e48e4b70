import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cropRetrieval } from './crop-retrieval.ts';
import { groupRetrieval } from './retrieval-metrics.ts';
import { normaliseRows } from './spaces.ts';
import { dotOfRows, gaussian } from './testing/reference.ts';

describe('cropRetrieval', () => {
  it('counts ranks like a sort does, in both directions', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 130 }), fc.nat(), (images, seed) => {
        const first = gaussian(images * 3, seed);
        const second = gaussian(images * 3, seed + 1).map((value, i) => value + first[i]!);
        const result = cropRetrieval(first, second, 3);
        const expected = (a: Float32Array, b: Float32Array): [number, number] => {
          let [recall, precision] = [0, 0];
          for (let i = 0; i < images; i++) {
            const scores = Array.from({ length: images }, (_, j) => dotOfRows(a, i, b, j, 3));
            const rank = 1 + scores.filter((score) => score > scores[i]!).length;
            if (rank === 1) recall++;
            precision += 1 / rank;
          }
          return [recall / images, precision / images];
        };
        const [forward, backward] = [expected(first, second), expected(second, first)];
        expect(result.forward.recallAt1).toBeCloseTo(forward[0], 10);
        expect(result.forward.meanAveragePrecision).toBeCloseTo(forward[1], 10);
        expect(result.backward.recallAt1).toBeCloseTo(backward[0], 10);
        expect(result.backward.meanAveragePrecision).toBeCloseTo(backward[1], 10);
        expect(result.recallAt1).toBeCloseTo((forward[0] + backward[0]) / 2, 10);
        expect(result.found.reduce((sum, share) => sum + share, 0) / result.images).toBeCloseTo(result.recallAt1, 12);
      }),
      { numRuns: 25 },
    );
  });

  it('gives chance to a collapsed encoder and everything to a perfect one', () => {
    const same = new Float32Array(40).fill(0.5);
    const collapsed = cropRetrieval(same, same, 4);
    expect(collapsed.recallAt1).toBeCloseTo(0.1, 12);
    expect(collapsed.meanAveragePrecision).toBeCloseTo([...Array(10).keys()].reduce((sum, i) => sum + 1 / (i + 1), 0) / 10, 12);
    const unit = normaliseRows(gaussian(80, 3), 4);
    expect(cropRetrieval(unit, unit, 4)).toMatchObject({ recallAt1: 1, meanAveragePrecision: 1, images: 20 });
    expect(() => cropRetrieval(unit, unit.subarray(4), 4)).toThrow('19 second');
  });
});

describe('groupRetrieval', () => {
  it('is the average over all orders of equal scores', () => {
    // Query 0 sees one relevant (B) and one other (C) at the same score: precision (1 + 1/2) / 2.
    const vectors = Float32Array.of(1, 0, 0.6, 0.8, 0.6, 0.8);
    const result = groupRetrieval(vectors, 2, Uint32Array.of(0, 0, 1));
    // Query 1: C at 1 first, then A, so 1/2; query 2 has nothing to find.
    expect(result.queries).toBe(2);
    expect(result.meanAveragePrecision).toBeCloseTo((0.75 + 0.5) / 2, 12);
    expect(result.recallAt1).toBeCloseTo(0.25, 12);
  });

  it('is that average for several of the group among equal scores, tried order by order', () => {
    const orders = (of: readonly number[]): number[][] =>
      of.length === 0 ? [[]] : of.flatMap((one) => orders(of.filter((other) => other !== one)).map((rest) => [one, ...rest]));
    // Seven images at three places, three of the first group at one of them.
    const places = [Float32Array.of(1, 0), Float32Array.of(0.6, 0.8), Float32Array.of(-0.8, 0.6)];
    const at = [0, 1, 1, 1, 1, 2, 2];
    const groups = Uint32Array.of(0, 0, 0, 0, 1, 0, 1);
    const vectors = Float32Array.from(at.flatMap((place) => [...places[place]!]));
    let [precision, recall] = [0, 0];
    for (const query of groups.keys()) {
      const all = orders([...groups.keys()].filter((row) => row !== query));
      for (const order of all) {
        // A stable sort leaves equal scores in the order that is tried.
        const ranked = order.toSorted((a, b) => dotOfRows(vectors, query, vectors, b, 2) - dotOfRows(vectors, query, vectors, a, 2));
        const hits = ranked.flatMap((row, place) => (groups[row] === groups[query] ? [place + 1] : []));
        precision += hits.reduce((sum, place, i) => sum + (i + 1) / place, 0) / hits.length / all.length / groups.length;
        recall += Number(hits[0] === 1) / all.length / groups.length;
      }
    }
    const result = groupRetrieval(vectors, 2, groups);
    expect(result.queries).toBe(7);
    expect(result.meanAveragePrecision).toBeCloseTo(precision, 12);
    expect(result.recallAt1).toBeCloseTo(recall, 12);
  });

  it('agrees with the textbook definition when scores differ', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 40 }), fc.nat(), (count, seed) => {
        const x = normaliseRows(gaussian(count * 4, seed), 4);
        const groups = Uint32Array.from({ length: count }, (_, i) => i % 3);
        const sources = Uint32Array.from({ length: count }, (_, i) => (i * 5 + seed) % 2);
        let [sum, queries] = [0, 0];
        for (let q = 0; q < count; q++) {
          const order = [...groups.keys()]
            .filter((row) => row !== q && sources[row] !== sources[q])
            .sort((a, b) => dotOfRows(x, q, x, b, 4) - dotOfRows(x, q, x, a, 4));
          const hits = order.flatMap((row, place) => (groups[row] === groups[q] ? [place + 1] : []));
          if (hits.length === 0) continue;
          sum += hits.reduce((all, place, i) => all + (i + 1) / place, 0) / hits.length;
          queries++;
        }
        const result = groupRetrieval(x, 4, groups, sources);
        expect(result.queries).toBe(queries);
        if (queries > 0) expect(result.meanAveragePrecision).toBeCloseTo(sum / queries, 10);
      }),
      { numRuns: 25 },
    );
  });
});
