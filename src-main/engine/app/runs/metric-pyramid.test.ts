import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MetricSeries } from '../../../../shared/contract/contract-runs.ts';
import { metricNames } from '../../../../shared/contract/metric-names.ts';
import { MetricPyramid } from './metric-pyramid.ts';

interface Row {
  readonly step: number;
  readonly seconds: number;
  readonly values: Float32Array;
}

const rowOf = (step: number, loss: number, coupled = NaN): Row => {
  const values = new Float32Array(metricNames.length).fill(NaN);
  values[metricNames.indexOf('loss')] = loss;
  values[metricNames.indexOf('coupled')] = coupled;
  return { step, seconds: step / 4, values };
};

/** What a run that logged these rows in this order has: a step again takes back what came after it. */
function kept(log: readonly Row[]): Row[] {
  const rows: Row[] = [];
  for (const row of log) {
    while (rows.length > 0 && rows.at(-1)!.step >= row.step) rows.pop();
    rows.push(row);
  }
  return rows;
}

function built(log: readonly Row[]): MetricPyramid {
  const pyramid = new MetricPyramid();
  for (const { step, seconds, values } of log) pyramid.append(step, seconds, values);
  return pyramid;
}

/** Each bucket, cut out of the rows by the first steps of the buckets and scanned. */
function scanned(rows: readonly Row[], { steps }: MetricSeries, from: number, to: number, metric: 'loss' | 'coupled'): MetricSeries {
  const within = rows.filter(({ step }) => step >= from && (to === 0 || step <= to));
  const groups = Array.from(steps, (first, i) => within.filter(({ step }) => step >= first && step < (steps[i + 1] ?? Infinity)));
  const at = metricNames.indexOf(metric);
  const values = groups.map((group) => group.map((row) => row.values[at]!).filter((value) => !Number.isNaN(value)));
  const over = (fold: (of: number[]) => number): Float32Array => Float32Array.from(values, (of) => (of.length > 0 ? fold(of) : NaN));
  return {
    steps: Float64Array.from(groups, (group) => group[0]!.step),
    seconds: Float64Array.from(groups, (group) => group[0]!.seconds),
    mean: over((of) => of.reduce((a, b) => a + b, 0) / of.length),
    min: over((of) => Math.min(...of)),
    max: over((of) => Math.max(...of)),
  };
}

const logs = fc
  .array(
    fc.record({
      run: fc.integer({ min: 1, max: 400 }),
      back: fc.integer({ min: 0, max: 300 }),
      seed: fc.integer({ min: 0, max: 1e6 }),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((sessions) => {
    const log: Row[] = [];
    let step = 0;
    for (const { run, back, seed } of sessions) {
      step = Math.max(0, step - back);
      for (let i = 0; i < run; i++) {
        step++;
        const noise = ((seed + step) * 2654435761) % 1000;
        log.push(rowOf(step, noise === 7 ? 1e6 : noise, step % 3 === 0 ? -noise : NaN));
      }
    }
    return log;
  });

describe('a pyramid of metrics', () => {
  it('equals a plain scan of the log for any range and number of points, also after steps were taken back', () => {
    fc.assert(
      fc.property(
        logs,
        fc.integer({ min: 0, max: 1500 }),
        fc.integer({ min: 0, max: 1500 }),
        fc.integer({ min: 1, max: 300 }),
        (log, from, to, points) => {
          const pyramid = built(log);
          const rows = kept(log);
          expect(pyramid.rows).toBe(rows.length);
          for (const metric of ['loss', 'coupled'] as const) {
            const series = pyramid.series(metric, from, to, points);
            const plain = scanned(rows, series, from, to, metric);
            expect(series.steps.length).toBeLessThanOrEqual(points);
            expect([series.steps, series.seconds, series.min, series.max]).toEqual([plain.steps, plain.seconds, plain.min, plain.max]);
            series.mean.forEach((mean, i) => {
              if (Number.isNaN(plain.mean[i]!)) expect(mean).toBeNaN();
              else expect(Math.abs(mean - plain.mean[i]!)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(plain.mean[i]!)));
            });
            // Every step of the range is in a bucket.
            const within = rows.filter(({ step }) => step >= from && (to === 0 || step <= to));
            expect(series.steps[0]).toBe(within[0]?.step);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('shows steps alone where there are few, and one spike among 100,000 steps', () => {
    const pyramid = built(Array.from({ length: 100_000 }, (_, i) => rowOf(i + 1, i === 77_777 ? 50 : 1)));
    const all = pyramid.series('loss', 0, 0, 100);
    expect(Math.max(...all.max)).toBe(50);
    expect(all.max.filter((value) => value === 50).length).toBe(1);
    const near = pyramid.series('loss', 77_770, 77_785, 100);
    expect([...near.steps]).toEqual(Array.from({ length: 16 }, (_, i) => 77_770 + i));
    expect(near.mean[8]).toBe(50);
    expect(pyramid.latest('loss', 3)).toEqual(Float32Array.of(1, 1, 1));
    expect(pyramid.last).toBe(100_000);
  });

  it('keeps the borders of its buckets while a run grows', () => {
    const rows = Array.from({ length: 3000 }, (_, i) => rowOf(i + 1, i));
    const before = built(rows.slice(0, 2500)).series('loss', 0, 0, 400);
    const after = built(rows).series('loss', 0, 0, 400);
    expect([...after.steps.subarray(0, before.steps.length)]).toEqual([...before.steps]);
  });

  it('is empty before the first step and beyond the last', () => {
    const empty = new MetricPyramid();
    expect(empty.series('loss', 0, 0, 100).steps.length).toBe(0);
    expect([empty.last, empty.rows]).toEqual([0, 0]);
    expect(built([rowOf(1, 1)]).series('loss', 5, 0, 10).steps.length).toBe(0);
  });
});
