// Zooming, and places on each kind of axis.
import { describe, expect, it } from 'vitest';
import { between, fitRange, indexAt, meetsEnd, movedRange, nearestIndex, placesOf } from './chart-axis.ts';

const series = { steps: Float64Array.of(1, 11, 21, 31), seconds: Float64Array.of(0, 5, 20, 25) };

describe('places on the axis', () => {
  it('are steps, seconds, or milliseconds since 1970', () => {
    expect(placesOf(series, 'step', 0)).toBe(series.steps);
    expect(placesOf(series, 'relative', 0)).toBe(series.seconds);
    expect([...placesOf(series, 'wall', 1000)]).toEqual([1000, 6000, 21_000, 26_000]);
  });

  it('are found by bisection, also before and behind all', () => {
    expect([0, 1, 10.9, 11, 99].map((x) => indexAt(series.steps, x))).toEqual([0, 0, 0, 1, 3]);
    expect([0, 5.9, 6.1, 99].map((x) => nearestIndex(series.steps, x))).toEqual([0, 0, 1, 3]);
    expect(nearestIndex([], 3)).toBe(-1);
  });

  it('tell the step at a second, in proportion', () => {
    expect(between(series.seconds, series.steps, 12.5)).toBe(16);
    expect(between(series.seconds, series.steps, -5)).toBe(1);
    expect(between(series.seconds, series.steps, 500)).toBe(31);
    expect(between([], [], 1)).toBeNaN();
  });
});

describe('texts of the axis', () => {
  it('give way to those at its ends, which are always there', () => {
    const ticks = [1, 2000, 4000, 6000, 8000, 10_000, 12_000];
    expect(ticks.filter((tick) => !meetsEnd(tick, [1, 12_000], 330, false))).toEqual([1, 4000, 6000, 8000, 12_000]);
    expect(ticks.filter((tick) => !meetsEnd(tick, [1, 12_000], 900, false))).toEqual(ticks);
    expect([1, 10, 100, 1000, 10_000, 12_000].filter((tick) => !meetsEnd(tick, [1, 12_000], 330, true))).toEqual([
      1, 10, 100, 1000, 12_000,
    ]);
  });
});

describe('zooming', () => {
  it('takes a dragged range in either direction and never less than can be drawn', () => {
    expect(fitRange(200, 100, 1000)).toEqual({ from: 100, to: 200 });
    expect(fitRange(500, 501, 1000)).toEqual({ from: 500, to: 510 });
    expect(fitRange(-50, 5000, 1000)).toEqual({ from: 1, to: 1000 });
    expect(fitRange(998, 1000, 1000)).toEqual({ from: 990, to: 1000 });
  });

  it('goes in and out and to both sides, and stays in the run', () => {
    const half = movedRange(undefined, 'in', 1001)!;
    expect(half).toEqual({ from: 251, to: 751 });
    expect(movedRange(half, 'later', 1001)).toEqual({ from: 376, to: 876 });
    expect(movedRange({ from: 900, to: 1001 }, 'later', 1001)).toEqual({ from: 900, to: 1001 });
    expect(movedRange({ from: 3, to: 103 }, 'earlier', 1001)).toEqual({ from: 1, to: 101 });
    expect(movedRange({ from: 500, to: 600 }, 'out', 1001)).toEqual({ from: 450, to: 650 });
  });

  it('out of everything is the whole run', () => {
    expect(movedRange({ from: 1, to: 900 }, 'out', 1000)).toBeUndefined();
    expect(movedRange(undefined, 'later', 1000)).toBeUndefined();
  });
});
