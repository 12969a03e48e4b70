import { describe, expect, it } from 'vitest';
import { evaluateLabelled } from './evaluate.ts';
import { applySpace, fitSpace, normaliseRows } from './spaces.ts';
import { dotOfRows, gaussian } from './testing/reference.ts';

describe('queries whose picture is almost one of the bank', () => {
  it('are those from a whitened cosine of 0.98 on, and not those that are only much alike', () => {
    const [rows, dimension, asked] = [300, 24, 60];
    const bank = gaussian(rows * dimension, 1);
    // Each query is a row of the bank with more noise than the one before.
    const noise = gaussian(asked * dimension, 2);
    const queries = noise.map((value, i) => bank[i]! + value * 0.01 * (1 + Math.floor(i / dimension)));
    const labels = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i % 2);
    const vectors = { source: 'pixels', dimension, bank, bankLabels: labels(rows), queries, queryLabels: labels(asked) } as const;
    const space = fitSpace('whitened', bank, dimension);
    const placed = (of: Float32Array): Float32Array => normaliseRows(applySpace(space, of), space.outputDimension);
    const [near, own] = [placed(bank), placed(queries)];
    const cosines = Array.from({ length: asked }, (_, query) =>
      Math.max(...Array.from({ length: rows }, (_row, row) => dotOfRows(own, query, near, row, space.outputDimension))),
    );
    const expected = cosines.filter((cosine) => cosine >= 0.98).length;
    expect(expected).toBeGreaterThan(5);
    expect(cosines.filter((cosine) => cosine >= 0.9).length).toBeGreaterThan(expected + 5);
    expect(evaluateLabelled(vectors, { probe: false }).nearDuplicates).toBe(expected);
    expect(evaluateLabelled({ ...vectors, source: 'run' }, { probe: false }).nearDuplicates).toBeUndefined();
  });
});
