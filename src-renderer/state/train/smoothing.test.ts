// Honest smoothing: the first values are not pulled towards zero.
import { describe, expect, it } from 'vitest';
import { smooth } from './smoothing.ts';

const rounded = (values: Float64Array): number[] => [...values].map((value) => Math.round(value * 1e4) / 1e4);

describe('smoothing', () => {
  it('is the debiased average', () => {
    expect(rounded(smooth([1, 0.5, 0], 0.6))).toEqual([1, 0.6875, 0.3367]);
  });

  it('changes nothing at 0, and nothing of a constant at any weight', () => {
    expect([...smooth([3, -1, 7], 0)]).toEqual([3, -1, 7]);
    expect(rounded(smooth([2, 2, 2, 2], 0.99))).toEqual([2, 2, 2, 2]);
  });

  it('leaves gaps as gaps and goes on behind them', () => {
    const smoothed = smooth([1, NaN, 0.5, Infinity, 0], 0.6);
    expect(rounded(smoothed)).toEqual([1, NaN, 0.6875, Infinity, 0.3367]);
  });

  it('of nothing is nothing', () => {
    expect(smooth([], 0.9)).toHaveLength(0);
  });
});
