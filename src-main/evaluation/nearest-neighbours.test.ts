import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyByNeighbours, selectLargest } from './nearest-neighbours.ts';
import { normaliseRows } from './spaces.ts';
import { dotOfRows, gaussian } from './testing/reference.ts';

describe('classifyByNeighbours', () => {
  it('agrees with a full sort', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 20 }), fc.nat(), (rows, queries, seed) => {
        const bank = normaliseRows(gaussian(rows * 5, seed), 5);
        const asked = normaliseRows(gaussian(queries * 5, seed + 1), 5);
        const labels = Uint32Array.from({ length: rows }, (_, i) => (i * 7 + seed) % 4);
        const truth = Uint32Array.from({ length: queries }, (_, i) => i % 4);
        const result = classifyByNeighbours(bank, labels, asked, truth, 5, { neighbours: 9 });
        for (let query = 0; query < queries; query++) {
          const sorted = [...labels.keys()]
            .map((row) => ({ row, score: dotOfRows(asked, query, bank, row, 5) }))
            .sort((a, b) => b.score - a.score || a.row - b.row)
            .slice(0, 9);
          const votes = [0, 0, 0, 0];
          for (const { row, score } of sorted) votes[labels[row]!]! += Math.exp(score / 0.07);
          expect(votes[result.predicted[query]!]!).toBeCloseTo(Math.max(...votes), 6);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('weighs near neighbours more than many far ones', () => {
    const bank = normaliseRows(Float32Array.of(1, 0, 0.2, 1, 0.2, 1), 2);
    const { predicted, accuracy, perClass } = classifyByNeighbours(
      bank,
      Uint32Array.of(0, 1, 1),
      Float32Array.of(1, 0),
      Uint32Array.of(0),
      2,
    );
    expect([predicted[0], accuracy, perClass]).toEqual([0, 1, [{ label: 0, queries: 1, accuracy: 1 }]]);
  });

  it('asks twenty neighbours when no number is given, and all of a smaller bank', () => {
    const at = (rows: number): Float32Array => new Float32Array(2 * rows).fill(Math.SQRT1_2);
    // All are as near: of the first twenty, ten are of either class, and the lower one wins; of nineteen the higher one would.
    const labels = Uint32Array.from({ length: 40 }, (_, i) => (i < 10 ? 1 : i < 20 ? 0 : 1));
    const ask = (rows: number): ReturnType<typeof classifyByNeighbours> =>
      classifyByNeighbours(at(rows), labels.subarray(0, rows), at(1), Uint32Array.of(0), 2);
    expect(ask(40)).toMatchObject({ neighbours: 20, accuracy: 1 });
    expect(ask(19)).toMatchObject({ neighbours: 19, accuracy: 0 });
  });

  it('scores chance, not more, when everything collapsed', () => {
    const same = new Float32Array(200).fill(Math.SQRT1_2);
    const labels = Uint32Array.from({ length: 100 }, (_, i) => Math.floor(i / 25));
    expect(classifyByNeighbours(same, labels, same, labels, 2).accuracy).toBe(0.25);
  });

  it('refuses labels that do not fit', () => {
    expect(() => classifyByNeighbours(new Float32Array(4), new Uint32Array(1), new Float32Array(2), new Uint32Array(1), 2)).toThrow(
      '2 vectors with 1 labels',
    );
  });
});

describe('selectLargest', () => {
  it('is a stable descending sort, cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 50 }), fc.nat(10), (values, wanted) => {
        const k = Math.min(values.length, wanted + 1);
        const [scores, rows] = [new Float64Array(k), new Uint32Array(k)];
        selectLargest(Float64Array.from([-1, ...values]), 1, values.length, scores, rows);
        const sorted = values.map((value, row) => ({ value, row })).sort((a, b) => b.value - a.value || a.row - b.row);
        expect([...rows]).toEqual(sorted.slice(0, k).map(({ row }) => row));
        expect([...scores]).toEqual(sorted.slice(0, k).map(({ value }) => value));
      }),
    );
  });
});
