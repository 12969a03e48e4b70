// What the charts of a run draw.
import { describe, expect, it } from 'vitest';
import type { Baselines, MetricSeries } from '../../../shared/contract/contract-runs.ts';
import type { Space } from '../../../shared/contract/contract-values.ts';
import {
  evaluationValue,
  extentOf,
  formatChartValue,
  formatFigure,
  formatParameters,
  metricLine,
  metricOf,
  noInformation,
  placeAt,
  referencesOf,
  stepAt,
  taskOf,
  showsLoss,
} from './train-charts.ts';
import type { ChartId } from './train-charts.ts';

const series: MetricSeries = {
  steps: Float64Array.of(1, 11, 21),
  seconds: Float64Array.of(0, 10, 40),
  mean: Float32Array.of(1, 0.5, 0),
  min: Float32Array.of(0.5, 0.25, -1),
  max: Float32Array.of(2, 1, 9),
};
const watch = { curve: () => series, last: 30 };
const who = { id: 'a', label: 'a', startedAt: 1000, colour: '--series-run' };

describe('a line of a metric', () => {
  it('is smoothed where it is noisy, with the raw values behind it and the band around it', () => {
    const line = metricLine(series, 'smoothL1', who, { axis: 'step', smoothing: 0.6, space: 'raw' });
    expect(Array.from(line.y).map((value) => Number(value.toFixed(4)))).toEqual([1, 0.6875, 0.3367]);
    expect(line.raw).toBe(series.mean);
    expect(line.high).toBe(series.max);
  });

  it('of a schedule is never smoothed', () => {
    const line = metricLine(series, 'learningRate', who, { axis: 'relative', smoothing: 0.9, space: 'raw' });
    expect(line.y).toBe(series.mean);
    expect(line.raw).toBeUndefined();
    expect(line.x).toBe(series.seconds);
  });

  it('of the loss is the one that the run minimises', () => {
    expect(metricOf('loss', 'l2')).toBe('squaredError');
    expect(metricOf('loss', 'smooth-l1')).toBe('smoothL1');
    expect(metricOf('momentum', 'l2')).toBe('momentum');
  });
});

describe('references', () => {
  const words = { pixels: 'pixels', untrained: 'untrained', origin: 'origin', nothing: 'nothing' };
  const evaluation = { step: 0, raw: {}, centred: {}, whitened: { retrieval: 0.3 }, rankMe: 9, meanCosine: 0.9, positionalShare: 0.4 };
  const baselines = { untrained: evaluation, pixels: { raw: {}, centred: {}, whitened: { retrieval: 0.2 } } };

  it('of the loss is what zero scores against normal targets', () => {
    // The mean of smooth L1 over a normal distribution, by summing.
    let [sum, weight] = [0, 0];
    for (let x = -8; x <= 8; x += 0.001) {
      const density = Math.exp((-x * x) / 2);
      sum += density * (Math.abs(x) < 1 ? (x * x) / 2 : Math.abs(x) - 0.5);
      weight += density;
    }
    expect(sum / weight).toBeCloseTo(noInformation.smoothL1, 3);
    expect(referencesOf('loss', [], 'raw', 'l2', (step) => step, words)).toMatchObject([{ levels: [{ y: 1 }], label: 'nothing' }]);
  });

  it('are of the task that the baselines were judged by, before the first evaluation', () => {
    expect(taskOf({ evaluations: [], baselines }, 'whitened')).toBe('retrieval');
    expect(taskOf({ evaluations: [{ ...evaluation, whitened: { knn: 0.5 } }], baselines }, 'whitened')).toBe('knn');
    expect(taskOf({ evaluations: [], baselines: undefined }, 'raw')).toBe('knn');
  });

  /** Label and level of each reference of a run that was judged by the same images all the time. */
  const levelsOf = (id: ChartId, own: Baselines, space: Space): unknown[][] =>
    referencesOf(id, [{ since: 0, baselines: own }], space, 'l2', (step) => step, words).map(({ label, levels }) => {
      expect(levels).toEqual([{ y: expect.any(Number) as number }]);
      return [label, levels[0]!.y];
    });

  it('of scores are both baselines in the chosen space, as far as they are known', () => {
    expect(levelsOf('score', baselines, 'whitened').map(([, y]) => y)).toEqual([0.2, 0.3]);
    expect(levelsOf('score', baselines, 'raw')).toEqual([]);
    expect(levelsOf('rankMe', baselines, 'raw').map(([, y]) => y)).toEqual([9]);
    // A run that began with weights is set beside those, too.
    const begun = { ...baselines, origin: { ...evaluation, whitened: { retrieval: 0.6 }, rankMe: 20 } };
    expect(levelsOf('score', begun, 'whitened')).toEqual([
      ['pixels', 0.2],
      ['untrained', 0.3],
      ['origin', 0.6],
    ]);
    expect(levelsOf('rankMe', begun, 'raw').map(([, y]) => y)).toEqual([9, 20]);
    // Runs of earlier versions did not measure it.
    expect(levelsOf('lidar', baselines, 'raw')).toEqual([]);
    expect(levelsOf('meanCosine', baselines, 'raw').map(([, y]) => y)).toEqual([0.9]);
    expect(levelsOf('alpha', baselines, 'raw')).toEqual([]);
    expect(evaluationValue('alpha', evaluation, 'raw')).toBeNaN();
    expect(evaluationValue('meanCosine', evaluation, 'whitened')).toBe(0.9);
    expect(evaluationValue('lidar', evaluation, 'raw')).toBeNaN();
    expect(evaluationValue('predictionMargin', { ...evaluation, predictionMargin: 0 }, 'raw')).toBe(0);
  });

  it('are those of each judgement, where it stands on the axis; none where nothing was measured', () => {
    const other = { untrained: { ...evaluation, whitened: { retrieval: 0.5 } }, pixels: { raw: {}, centred: {}, whitened: {} } };
    const judgements = [
      { since: 0, baselines },
      { since: 40, baselines: undefined },
      { since: 60, baselines: other },
    ];
    expect(referencesOf('score', judgements, 'whitened', 'l2', (step) => 10 * step, words)).toMatchObject([
      { label: 'pixels', levels: [{ y: 0.2, until: 400 }] },
      {
        label: 'untrained',
        levels: [
          { y: 0.3, until: 400 },
          { y: 0.5, from: 600 },
        ],
      },
    ]);
    expect(referencesOf('score', [{ since: 0, baselines: undefined }], 'whitened', 'l2', (step) => step, words)).toEqual([]);
  });
});

describe('the axis', () => {
  it('leads from steps to places and back', () => {
    expect(placeAt(watch, 'relative', 0, 16)).toBe(25);
    expect(stepAt(watch, 'relative', 0, 25)).toBe(16);
    expect(stepAt(watch, 'step', 0, 25)).toBe(25);
  });

  it('spans all runs, or what was asked for', () => {
    const runs = [
      { watch, startedAt: 0 },
      { watch: { ...watch, last: 99 }, startedAt: 0 },
    ];
    expect(extentOf(runs, undefined, 'step')).toEqual([1, 99]);
    expect(extentOf(runs, { from: 11, to: 21 }, 'relative')).toEqual([10, 40]);
    expect(extentOf([{ watch: { curve: () => undefined, last: 0 }, startedAt: 0 }], undefined, 'step')).toEqual([1, 2]);
  });
});

it('the masked loss is shown once there is one, or will be from the first step on', () => {
  const config = { prediction: 1, smallFirst: 0, loss: 'smooth-l1' } as const;
  const series = (mean: readonly number[]) => {
    const values = Float64Array.from(mean);
    return { steps: values, seconds: values, mean: Float32Array.from(mean), min: Float32Array.from(mean), max: Float32Array.from(mean) };
  };
  const none = (): undefined => undefined;
  expect(showsLoss(undefined, none)).toBe(true);
  expect(showsLoss(config, none)).toBe(true);
  expect(showsLoss({ ...config, prediction: 0 }, none)).toBe(false);
  const small = { ...config, smallFirst: 0.7 };
  expect(showsLoss(small, none)).toBe(false);
  expect(showsLoss(small, () => series([NaN, NaN]))).toBe(false);
  expect(showsLoss(small, (metric) => series(metric === 'smoothL1' ? [NaN, 0.4] : [NaN]))).toBe(true);
});

it('figures are short', () => {
  expect([5_524_416, 27_104, 999].map(formatParameters)).toEqual(['5.5 M', '27 k', '999']);
  expect([0, 0.0713245, 0.000001234, 12345.6, 1.5].map(formatFigure)).toEqual(['0', '0.0713', '1.2e-6', '12,346', '1.5']);
  expect(formatChartValue('score', 0.5412)).toBe('54.1 %');
  expect(formatChartValue('momentum', 0.99612345)).toBe('0.99612');
});
