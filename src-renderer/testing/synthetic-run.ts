// Curves of runs that never happened: a loss that falls and then rises a little while the features go on improving.
import type { Baselines, MetricSeries, PinnedNeighbours } from '../../shared/contract/contract-runs.ts';
import type { MetricName } from '../../shared/contract/metric-names.ts';
import { metricNames } from '../../shared/contract/metric-names.ts';
import type { OnlineEvaluation, StepMetrics } from '../../shared/train-events.ts';
import { chance } from './synthetic-images.ts';

export interface Curve {
  readonly steps: number;
  /** Makes runs differ. */
  readonly seed: number;
  /** Scores at the end, as is. */
  readonly best: number;
}

export const secondsPerStep = 0.62;

const noise = (step: number, seed: number, size: number): number => (chance(step * 31 + seed, 11) - 0.5) * size;

/** Metrics of step 1, 2, … of a run. */
export function metricsAt({ steps, seed }: Curve, step: number): StepMetrics {
  const progress = step / steps;
  const warm = Math.min(1, step / (0.1 * steps));
  const loss = 0.055 + 0.19 * Math.exp(-18 * progress) + 0.02 * progress + noise(step, seed, 0.012);
  const spike = step % 1777 === 0 ? 9 : 0;
  return {
    step,
    epoch: (step * 64) / 100_000,
    loss,
    smoothL1: loss,
    squaredError: 2.1 * loss,
    gradientNorm: 0.4 + 1.8 * Math.exp(-9 * progress) + noise(step, seed + 1, 0.3) + spike,
    learningRate: progress < 0.1 ? 1e-4 + 4e-4 * warm : 1e-6 + 2.5e-4 * (1 + Math.cos((Math.PI * (progress - 0.1)) / 0.9)),
    weightDecay: 0.04 + 0.18 * (1 - Math.cos(Math.PI * progress)),
    momentum: 0.996 + 0.004 * progress,
    imagesPerSecond: 64 / secondsPerStep + noise(step, seed + 2, 14),
    waitedMs: 3 + noise(step, seed + 3, 4),
    skippedImages: Math.floor(progress * 5),
    refusedSteps: 0,
  };
}

const memoryAt = (step: number): number => 2.9 * 2 ** 30 + 4e7 * Math.min(1, step / 500);

function valueOf(curve: Curve, metric: MetricName, step: number): number {
  if (metric === 'memoryBytes') return memoryAt(step);
  return metric === 'coupled' ? Number.NaN : (metricsAt(curve, step)[metric] ?? Number.NaN);
}

/** Buckets of some metrics between two steps. */
export function seriesOf(
  curve: Curve,
  last: number,
  {
    metrics,
    from,
    to,
    points,
  }: { readonly metrics: readonly MetricName[]; readonly from: number; readonly to: number; readonly points: number },
): Partial<Record<MetricName, MetricSeries>> {
  const first = Math.max(1, from);
  const end = Math.min(last, to || last);
  const count = Math.max(0, Math.min(points, end - first + 1));
  const width = (end - first + 1) / Math.max(1, count);
  const series: Partial<Record<MetricName, MetricSeries>> = {};
  for (const metric of metricNames.filter((name) => metrics.includes(name) && name !== 'coupled')) {
    const one = {
      steps: new Float64Array(count),
      seconds: new Float64Array(count),
      mean: new Float32Array(count),
      min: new Float32Array(count),
      max: new Float32Array(count),
    };
    for (let bucket = 0; bucket < count; bucket++) {
      const [begin, next] = [Math.floor(first + bucket * width), Math.floor(first + (bucket + 1) * width)];
      const stride = Math.max(1, Math.floor((next - begin) / 16));
      const values: number[] = [];
      for (let step = begin; step < next; step += stride) values.push(valueOf(curve, metric, step));
      one.steps[bucket] = begin;
      one.seconds[bucket] = begin * secondsPerStep;
      one.mean[bucket] = values.reduce((sum, value) => sum + value, 0) / values.length;
      one.min[bucket] = Math.min(...values);
      one.max[bucket] = Math.max(...values);
    }
    series[metric] = one;
  }
  return series;
}

export function evaluationAt({ steps, seed, best }: Curve, step: number): OnlineEvaluation {
  const grown = 1 - Math.exp((-4 * step) / steps);
  const knn = 0.21 + (best - 0.21) * grown + noise(step, seed + 5, 0.01);
  const scores = (more: number): OnlineEvaluation['raw'] => ({
    knn: knn + more * grown,
    retrieval: 0.3 + 0.9 * (knn + more * grown - 0.2),
  });
  return {
    step,
    raw: scores(0),
    centred: scores(0.01),
    whitened: scores(0.085),
    rankMe: 18 + 96 * grown,
    meanCosine: 0.82 - 0.5 * grown,
    positionalShare: 0.62 * Math.exp((-6 * step) / steps) + 0.06,
    queries: 500,
    alpha: 2.6 - 1.4 * grown,
    lidar: 11 + 52 * grown,
    predictionMargin: 0.001 + 0.31 * grown,
  };
}

/** Evaluations so far, every twentieth of a run. */
export const evaluationsOf = (curve: Curve, last: number): OnlineEvaluation[] =>
  Array.from({ length: Math.floor((20 * last) / curve.steps) }, (_, i) => evaluationAt(curve, Math.round(((i + 1) * curve.steps) / 20)));

export const baselines = {
  untrained: evaluationAt({ steps: 1, seed: 90, best: 0.21 }, 0),
  pixels: { raw: { knn: 0.316, retrieval: 0.41 }, centred: { knn: 0.398, retrieval: 0.46 }, whitened: { knn: 0.362, retrieval: 0.44 } },
};

/** What they were on other images: half as good. */
export function formerly(now: Baselines): Baselines {
  const halved = ({ knn = 0, retrieval = 0 }: OnlineEvaluation['raw']): OnlineEvaluation['raw'] => ({
    knn: knn / 2,
    retrieval: retrieval / 2,
  });
  const of = ({ raw, centred, whitened }: Baselines['pixels']): Baselines['pixels'] => ({
    raw: halved(raw),
    centred: halved(centred),
    whitened: halved(whitened),
  });
  const { untrained, pixels, origin } = now;
  return {
    untrained: { ...untrained, ...of(untrained), rankMe: untrained.rankMe / 2 },
    pixels: of(pixels),
    ...(origin && { origin: { ...origin, ...of(origin), rankMe: origin.rankMe / 2 } }),
  };
}

/** Neighbours of pinned pictures, which agree more with each evaluation: `near` finds good ones, others are drawn at random. */
export function pinnedNeighbours(
  curve: Curve,
  last: number,
  pins: readonly number[],
  near: (image: number) => readonly { readonly image: number; readonly score: number }[],
): PinnedNeighbours[] {
  const good = pins.map((image) => near(image));
  return evaluationsOf(curve, last).map(({ step }, turn, all) => ({
    step,
    rows: pins.map((image, row) => ({
      image,
      neighbours: good[row]!.map((one, rank) => {
        const right = chance(image * 13 + rank, 20) < (turn + 1) / all.length;
        return right ? one : { image: 1 + Math.floor(chance(image + rank * 7 + turn, 21) * 99_000), score: one.score - 0.3 };
      }),
    })),
  }));
}
