// Which charts a run has, and what each of them draws: from curves and evaluations to lines.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import type { Baselines, MetricSeries, RunDetails } from '../../../shared/contract/contract-runs.ts';
import type { Space } from '../../../shared/contract/contract-values.ts';
import type { MetricName } from '../../../shared/contract/metric-names.ts';
import type { OnlineEvaluation } from '../../../shared/train-events.ts';
import { between, placesOf } from '../../components/chart-axis.ts';
import type { StepRange, XAxis } from '../../components/chart-axis.ts';
import type { ChartLine, ChartReference } from '../../components/chart-line.ts';
import { formatBytes, formatCount, formatRate } from '../../strings/format.ts';
import type { RunWatch } from './run-watch.svelte.ts';
import { smooth } from './smoothing.ts';

/** What an evaluation finds beside the score. */
const figures = ['rankMe', 'lidar', 'positionalShare', 'predictionMargin', 'meanCosine', 'alpha'] as const;

export const chartIds = [
  'score',
  'loss',
  ...figures,
  'gradientNorm',
  'coupled',
  'learningRate',
  'momentum',
  'imagesPerSecond',
  'memoryBytes',
] as const;
export type ChartId = (typeof chartIds)[number];

/** Charts whose points are evaluations; the others are curves of steps. */
const evaluationCharts = ['score', ...figures] as const satisfies readonly ChartId[];
export type EvaluationChart = (typeof evaluationCharts)[number];
export const isEvaluationChart = (id: ChartId): id is EvaluationChart => (evaluationCharts as readonly ChartId[]).includes(id);

/** Metrics whose noise hides their course. */
const noisy: ReadonlySet<MetricName> = new Set(['loss', 'smoothL1', 'squaredError', 'coupled', 'gradientNorm', 'imagesPerSecond']);

/**
 * What a predictor scores that knows nothing: it says zero, and the targets have a deviation of 1 (IJEPA.md, "Objective"). The mean of
 * smooth L1 over a normal distribution is 0.425.
 */
export const noInformation = { smoothL1: 0.425, squaredError: 1 } as const;

/** How the lines of a run look when several are compared: by place, in colour and dash. */
export const runLooks = [
  { colour: '--series-run', dash: undefined },
  { colour: '--mask-1', dash: [7, 3] },
  { colour: '--mask-2', dash: [3, 2] },
  { colour: '--mask-3', dash: [9, 3, 2, 3] },
  { colour: '--series-4', dash: [1, 3] },
] as const;
/** Runs beside the open one. */
export const mostCompared = runLooks.length - 1;

export interface ChartOptions {
  readonly axis: XAxis;
  readonly smoothing: number;
  readonly space: Space;
}

/** 0.0713, 1.2e-6: figures of a metric without a unit. */
export function formatFigure(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return value.toExponential(1).replace('e+', 'e');
  if (size >= 1000) return formatCount(value);
  return String(Number(value.toPrecision(size >= 0.1 ? 4 : 3)));
}

/** "5.5 M", "27 k". */
export const formatParameters = (count: number): string =>
  count >= 1e6 ? `${formatRate(count / 1e6)} M` : count >= 1000 ? `${formatRate(count / 1000)} k` : String(count);

export function formatChartValue(id: ChartId, value: number): string {
  switch (id) {
    case 'score':
    case 'positionalShare':
      return `${Number((100 * value).toFixed(1))} %`;
    case 'memoryBytes':
      return value < 1e9 ? formatBytes(value) : `${(value / 1e9).toFixed(2)} GB`;
    case 'rankMe':
    case 'lidar':
    case 'imagesPerSecond':
      return Math.abs(value) < 1000 ? String(Number(value.toFixed(Math.abs(value) < 10 ? 2 : 1))) : formatCount(value);
    case 'momentum':
      return String(Number(value.toFixed(5)));
    default:
      return formatFigure(value);
  }
}

/** The metric behind a chart of a curve; the loss is the masked one that the run minimises, without the terms over a whole batch. */
export function metricOf(id: Exclude<ChartId, EvaluationChart>, loss: 'smooth-l1' | 'l2'): MetricName {
  return id === 'loss' ? (loss === 'l2' ? 'squaredError' : 'smoothL1') : id;
}

/** Whether a run has a masked loss, or will have one from its first step on: while crops are small nothing is predicted. */
export function showsLoss(
  config: Pick<TrainConfig, 'prediction' | 'smallFirst' | 'loss'> | undefined,
  curve: (metric: MetricName) => MetricSeries | undefined,
): boolean {
  if (!config) return true;
  if (config.prediction === 0) return false;
  return config.smallFirst === 0 || curve(metricOf('loss', config.loss))?.mean.some(Number.isFinite) === true;
}

/** Whose line it is and how it looks. */
export interface LineLook extends Pick<ChartLine, 'id' | 'label' | 'colour' | 'dash'> {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

export function metricLine(series: MetricSeries, metric: MetricName, who: LineLook, { axis, smoothing }: ChartOptions): ChartLine {
  const x = placesOf(series, axis, who.startedAt);
  const plain = { id: who.id, label: who.label, colour: who.colour, ...(who.dash && { dash: who.dash }), x };
  const band = { low: series.min, high: series.max };
  if (!noisy.has(metric)) return { ...plain, y: series.mean, ...band };
  return smoothing > 0 ? { ...plain, y: smooth(series.mean, smoothing), raw: series.mean, ...band } : { ...plain, y: series.mean, ...band };
}

/** 20-NN where there are labels, else crop retrieval. */
export const scoreOf = (scores: { readonly knn?: number; readonly retrieval?: number } | undefined): number | undefined =>
  scores?.knn ?? scores?.retrieval;

/** What the score of a run is: known from its evaluations, before the first of them from its baselines. */
export function taskOf({ evaluations, baselines }: Pick<RunDetails, 'evaluations' | 'baselines'>, space: Space): 'knn' | 'retrieval' {
  const scores = (evaluations.at(-1) ?? baselines?.untrained)?.[space];
  return scores?.knn === undefined && scores?.retrieval !== undefined ? 'retrieval' : 'knn';
}

/** NaN where an evaluation does not have it. */
export function evaluationValue(id: EvaluationChart, evaluation: OnlineEvaluation, space: Space): number {
  return (id === 'score' ? scoreOf(evaluation[space]) : evaluation[id]) ?? Number.NaN;
}

/**
 * Levels that a chart is compared with: of scores all baselines, of the rest the untrained network and the weights that the run began with;
 * those of each judgement beside the evaluations that it made. `place` is where a step stands on the axis.
 */
export function referencesOf(
  id: ChartId,
  judgements: RunDetails['judgements'],
  space: Space,
  loss: 'smooth-l1' | 'l2',
  place: (step: number) => number,
  words: { readonly pixels: string; readonly untrained: string; readonly origin: string; readonly nothing: string },
): ChartReference[] {
  const pixels = { label: words.pixels, colour: '--series-pixels', dash: [6, 4] } as const;
  const untrained = { label: words.untrained, colour: '--series-untrained', dash: [2, 3] } as const;
  const origin = { label: words.origin, colour: '--series-origin', dash: [8, 3, 2, 3] } as const;
  /** With a level for each judgement that has measured it. */
  const levelled = (look: Omit<ChartReference, 'levels'>, measured: (baselines: Baselines) => number | undefined): ChartReference => ({
    ...look,
    levels: judgements.flatMap(({ since, baselines }, i) => {
      const y = baselines && measured(baselines);
      const next = judgements[i + 1];
      if (y === undefined || !Number.isFinite(y)) return [];
      return { y, ...(i > 0 && { from: place(since) }), ...(next && { until: place(next.since) }) };
    }),
  });
  const known = (references: ChartReference[]): ChartReference[] => references.filter(({ levels }) => levels.length > 0);
  switch (id) {
    case 'loss':
      return [{ ...untrained, label: words.nothing, levels: [{ y: noInformation[loss === 'l2' ? 'squaredError' : 'smoothL1'] }] }];
    case 'score':
      return known([
        levelled(pixels, (one) => scoreOf(one.pixels[space])),
        levelled(untrained, (one) => scoreOf(one.untrained[space])),
        levelled(origin, (one) => scoreOf(one.origin?.[space])),
      ]);
    case 'rankMe':
    case 'lidar':
    case 'positionalShare':
    case 'predictionMargin':
    case 'meanCosine':
    case 'alpha':
      return known([levelled(untrained, (one) => one.untrained[id]), levelled(origin, (one) => one.origin?.[id])]);
    default:
      return [];
  }
}

/** The step at a place of an axis, by the curves of a run. */
export function stepAt(watch: Pick<RunWatch, 'curve'>, axis: XAxis, startedAt: number, place: number): number {
  const series = watch.curve('loss');
  if (axis === 'step' || !series) return place;
  return between(placesOf(series, axis, startedAt), series.steps, place);
}

/** The place of a step on an axis. */
export function placeAt(watch: Pick<RunWatch, 'curve'>, axis: XAxis, startedAt: number, step: number): number {
  const series = watch.curve('loss');
  if (axis === 'step' || !series) return step;
  return between(series.steps, placesOf(series, axis, startedAt), step);
}

/** Both ends of the axis: the range that was asked for, else from the first step of any run to the last. */
export function extentOf(
  runs: readonly { readonly watch: Pick<RunWatch, 'curve' | 'last'>; readonly startedAt: number }[],
  range: StepRange | undefined,
  axis: XAxis,
): readonly [number, number] {
  const ends = runs.map(({ watch, startedAt }) => {
    const place = (step: number): number => placeAt(watch, axis, startedAt, step);
    return range ? ([place(range.from), place(range.to)] as const) : ([place(1), place(Math.max(2, watch.last))] as const);
  });
  const low = Math.min(...ends.map(([from]) => from));
  const high = Math.max(...ends.map(([, to]) => to));
  return high > low ? [low, high] : [low, low + 1];
}
