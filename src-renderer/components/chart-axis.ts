// The horizontal axis of a run's charts: steps, seconds of training, or the time of day. Ranges are kept in steps, whatever is shown.
import type { MetricSeries } from '../../shared/contract/contract-runs.ts';

export const xAxes = ['step', 'relative', 'wall'] as const;
export type XAxis = (typeof xAxes)[number];

/** Steps, both included. */
export interface StepRange {
  readonly from: number;
  readonly to: number;
}

type Places = Pick<MetricSeries, 'steps' | 'seconds'>;

/** Place on the axis of each bucket. `startedAt`: milliseconds since 1970. */
export function placesOf({ steps, seconds }: Places, axis: XAxis, startedAt: number): Float64Array {
  switch (axis) {
    case 'step':
      return steps;
    case 'relative':
      return seconds;
    case 'wall':
      return seconds.map((one) => startedAt + 1000 * one);
  }
}

/** Index of the last place that is at most `x`, at least 0. */
export function indexAt(places: ArrayLike<number>, x: number): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (places[middle]! <= x) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/** Index of the place next to `x`; −1 where there is none. */
export function nearestIndex(places: ArrayLike<number>, x: number): number {
  if (places.length === 0) return -1;
  const before = indexAt(places, x);
  const after = Math.min(places.length - 1, before + 1);
  return Math.abs(places[after]! - x) < Math.abs(places[before]! - x) ? after : before;
}

/** `value` of one column at a place of the other, between buckets in proportion. */
export function between(places: ArrayLike<number>, values: ArrayLike<number>, x: number): number {
  if (places.length === 0) return Number.NaN;
  const i = indexAt(places, x);
  const [x0, x1] = [places[i]!, places[Math.min(places.length - 1, i + 1)]!];
  const [y0, y1] = [values[i]!, values[Math.min(places.length - 1, i + 1)]!];
  return x1 > x0 ? y0 + (y1 - y0) * Math.min(1, Math.max(0, (x - x0) / (x1 - x0))) : y0;
}

/** Pixels that the text at an end of the axis takes, and that of its neighbour half of. */
const endText = 68;

/** Whether the text at `value`, between the ends of an axis of `width` pixels, would run into the text at one of them. */
export function meetsEnd(value: number, [low, high]: readonly [number, number], width: number, logarithmic: boolean): boolean {
  if (value <= low || value >= high) return false;
  const place = (at: number): number => (logarithmic ? Math.log(at) : at);
  const share = (place(value) - place(low)) / (place(high) - place(low));
  return Math.min(share, 1 - share) * width < endText;
}

/** Fewest steps that a chart can be zoomed to. */
const leastSteps = 10;

/** A range of whole steps within a run, wide enough to be drawn. */
export function fitRange(from: number, to: number, last: number): StepRange {
  const [low, high] = from <= to ? [from, to] : [to, from];
  const width = Math.max(leastSteps, Math.round(high - low));
  const start = Math.max(1, Math.min(Math.round(low), last - width));
  return { from: start, to: Math.min(Math.max(last, 1), start + width) };
}

/** The range after a key or a button: half as wide, twice as wide, a quarter earlier or later. Whole run: none. */
export function movedRange(
  range: StepRange | undefined,
  move: 'in' | 'out' | 'earlier' | 'later',
  last: number,
  at?: number,
): StepRange | undefined {
  const { from, to } = range ?? { from: 1, to: last };
  const width = to - from;
  const middle = at ?? (from + to) / 2;
  switch (move) {
    case 'in':
      return fitRange(middle - width / 4, middle + width / 4, last);
    case 'out':
      return width * 2 >= last ? undefined : fitRange(middle - width, middle + width, last);
    case 'earlier':
    case 'later': {
      if (!range) return undefined;
      const shift = (move === 'later' ? 1 : -1) * Math.max(1, Math.round(width / 4));
      const start = Math.max(1, Math.min(from + shift, last - width));
      return { from: start, to: start + width };
    }
  }
}
