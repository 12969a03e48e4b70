import { describe, expect, it } from 'vitest';
import { jobShare, runShare, shownBefore } from './run-progress.ts';

describe('how far a run is', () => {
  it('counts a small crop as the quarter of a whole one that it shows', () => {
    expect([0, 4, 8, 10].map((step) => shownBefore(step, 8))).toEqual([0, 1, 2, 4]);
    expect([0, 4, 8, 9, 10].map((step) => runShare({ smallFirst: 0.8 }, 10, step))).toEqual([0, 0.25, 0.5, 0.75, 1]);
  });

  it('counts steps where all crops have one size, and never more than there are', () => {
    expect([0, 3, 10, 12].map((step) => runShare({ smallFirst: 0 }, 10, step))).toEqual([0, 0.3, 1, 1]);
    expect(runShare({ smallFirst: 0 }, 0, 0)).toBe(0);
  });
});

describe('how far a job is', () => {
  it('is what it says of itself, else a share of its units, if those are known', () => {
    expect(jobShare({ done: 8, total: 10, share: 0.5 })).toBe(0.5);
    expect(jobShare({ done: 8, total: 10 })).toBe(0.8);
    expect(jobShare({ done: 12, total: 10 })).toBe(1);
    expect(jobShare({ done: 8, total: 0 })).toBeUndefined();
  });
});
