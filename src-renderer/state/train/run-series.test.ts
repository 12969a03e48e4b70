// A page's curves stay small over a long run and lose no spike.
import { describe, expect, it } from 'vitest';
import type { MetricSeries } from '../../../shared/contract/contract-runs.ts';
import type { StepMetrics } from '../../../shared/train-events.ts';
import { RunCurves } from './run-series.ts';

const metrics = (step: number, loss: number): StepMetrics => ({
  step,
  epoch: step / 10,
  loss,
  smoothL1: loss,
  squaredError: 2 * loss,
  gradientNorm: 1,
  learningRate: 1e-3,
  weightDecay: 0.04,
  momentum: 0.99,
  imagesPerSecond: 100,
  waitedMs: 1,
  skippedImages: 0,
  refusedSteps: 0,
});
const buckets = (steps: number[], values: number[]): MetricSeries => ({
  steps: Float64Array.from(steps),
  seconds: Float64Array.from(steps),
  mean: Float32Array.from(values),
  min: Float32Array.from(values),
  max: Float32Array.from(values),
});
const largest = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => Math.max(a, b), -Infinity);

describe('the curves of a run', () => {
  it('keep every spike of 36,000 live steps in a few hundred points', () => {
    const curves = new RunCurves();
    for (let step = 1; step <= 36_000; step++) curves.push(metrics(step, step === 777 ? 50 : step === 30_001 ? -3 : 1), step / 10, 5e8);
    const loss = curves.read('loss')!;
    expect(loss.steps.length).toBeLessThanOrEqual(512);
    expect(loss.steps.length).toBeGreaterThan(256);
    expect(largest(loss.max)).toBe(50);
    expect(-largest(loss.min.map((value) => -value))).toBe(-3);
    expect(loss.steps[0]).toBe(1);
    expect(curves.last).toBe(36_000);
    // Means of full buckets weigh equally: the whole is the mean of all values but for the open bucket at the end.
    const mean = loss.mean.reduce((sum, value) => sum + value, 0) / loss.mean.length;
    expect(mean).toBeCloseTo(1 + (49 - 4) / 36_000, 3);
    for (let i = 1; i < loss.steps.length; i++) expect(loss.steps[i]).toBeGreaterThan(loss.steps[i - 1]!);
  });

  it('put what came live behind the buckets of the engine, without a step twice', () => {
    const curves = new RunCurves();
    for (let step = 1; step <= 40; step++) curves.push(metrics(step, step), step, 0);
    curves.replace({ last: 30, series: { loss: buckets([1, 11, 21], [5, 15, 25]) } });
    const loss = curves.read('loss')!;
    expect([...loss.steps]).toEqual([1, 11, 21, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40]);
    expect([...curves.read('loss', false)!.steps]).toEqual([1, 11, 21]);
    curves.push(metrics(40, 1), 40, 0);
    expect(curves.read('loss')!.steps).toHaveLength(13);
  });

  it('know nothing of a metric that never came', () => {
    const curves = new RunCurves();
    curves.push(metrics(1, 1), 1, 0);
    expect(curves.read('coupled')).toBeUndefined();
    expect(curves.read('memoryBytes')).toBeUndefined();
  });
});
