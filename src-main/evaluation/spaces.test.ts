import { describe, expect, it } from 'vitest';
import { meanOfRows, scatterMatrix } from './matrix-products.ts';
import { applySpace, fitSpace, normaliseRows } from './spaces.ts';
import { gaussian } from './testing/reference.ts';

const dimension = 6;
const bank = gaussian(200 * dimension, 11).map((value, i) => value * (1 + (i % dimension)) + 5);

describe('spaces', () => {
  it('centres on the mean of the bank alone', () => {
    const centred = applySpace(fitSpace('centred', bank, dimension), bank);
    for (const value of meanOfRows(centred, dimension)) expect(value).toBeCloseTo(0, 5);
    expect(applySpace(fitSpace('raw', bank, dimension), bank)).toEqual(bank);
    const mean = meanOfRows(bank, dimension);
    const moved = applySpace(fitSpace('centred', bank, dimension), new Float32Array(dimension));
    for (let k = 0; k < dimension; k++) expect(moved[k]).toBeCloseTo(-mean[k]!, 5);
  });

  it('whitens to the identity without shrinkage, and to the stated variances with it', () => {
    const white = applySpace(fitSpace('whitened', bank, dimension, { shrinkage: 0 }), bank);
    const scatter = scatterMatrix(white, dimension);
    for (let i = 0; i < dimension ** 2; i++) expect(scatter[i]! / 200).toBeCloseTo(i % (dimension + 1) === 0 ? 1 : 0, 4);
    const plain = fitSpace('whitened', bank, dimension, { shrinkage: 0 });
    const shrunk = fitSpace('whitened', bank, dimension, { shrinkage: 0.25 });
    const variances = [...plain.scales].map((scale) => scale ** -2);
    const mean = variances.reduce((a, b) => a + b) / dimension;
    for (const [j, scale] of shrunk.scales.entries()) {
      expect(scale).toBeCloseTo((0.75 * variances[j]! + 0.25 * mean) ** -0.5, 4);
    }
  });

  it('keeps the top components only, never more than the bank supports', () => {
    const space = fitSpace('whitened', bank, dimension, { components: 2 });
    expect([space.outputDimension, space.fittedOn, applySpace(space, bank).length]).toEqual([2, 200, 400]);
    expect(fitSpace('whitened', bank.subarray(0, 3 * dimension), dimension).outputDimension).toBe(2);
  });

  it('sends collapsed vectors to zero instead of failing', () => {
    const space = fitSpace('whitened', new Float32Array(60).fill(3), dimension);
    expect([...applySpace(space, bank.subarray(0, 12))]).toEqual([0, 0]);
  });

  it('normalises rows and leaves zeros', () => {
    expect([...normaliseRows(Float32Array.of(3, 4, 0, 0), 2)].map((value) => +value.toFixed(6))).toEqual([0.6, 0.8, 0, 0]);
  });

  it('refuses an empty bank, NaN and impossible options', () => {
    expect(() => fitSpace('raw', new Float32Array(0), 3)).toThrow('no vectors');
    expect(() => fitSpace('raw', Float32Array.of(1, Number.NaN), 2)).toThrow('not numbers');
    expect(() => fitSpace('whitened', bank, dimension, { shrinkage: 2 })).toThrow('shrinkage 2');
    expect(() => fitSpace('whitened', bank, dimension, { components: 0 })).toThrow('0 components');
  });
});
