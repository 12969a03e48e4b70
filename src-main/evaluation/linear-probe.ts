// The linear probe: how much of the labels a linear classifier can read from frozen vectors.
import { Random } from '../../shared/random.ts';
import { type LogisticModel, fitLogistic, fitStandardisation, predictLogistic, standardise } from './logistic-regression.ts';
import { rowCount } from './matrix-products.ts';
import { accuracyOf, type ClassAccuracy } from './nearest-neighbours.ts';

export interface ProbeOptions {
  /** λ to choose from (see LogisticOptions), from strong to weak; a single one is taken as it is. */
  readonly penalties?: readonly number[];
  /** Share of the bank, per class, on which λ is chosen. */
  readonly validationShare?: number;
  readonly seed?: number;
  /** Largest component of the gradient at the solution. */
  readonly tolerance?: number;
}

export interface ProbeResult {
  /** 0–1, on the queries. */
  readonly accuracy: number;
  readonly perClass: readonly ClassAccuracy[];
  readonly penalty: number;
  /** Largest absolute component of the gradient where the final fit stopped. */
  readonly gradientNorm: number;
  readonly iterations: number;
  readonly converged: boolean;
}

const defaultPenalties = [1, 0.1, 0.01, 0.001, 0.0001, 0.00001] as const;

/**
 * Fits multinomial logistic regression on the standardised `bank` [N, dimension] and scores it on `queries` [M, dimension]. The
 * penalty is the one with the best accuracy on a stratified share of the bank (equal: the lower cross-entropy), then the whole
 * bank is fitted again. Deterministic. Throws `bad-input` when vectors and labels do not fit.
 */
export function linearProbe(
  bank: Float32Array,
  bankLabels: Uint32Array,
  queries: Float32Array,
  queryLabels: Uint32Array,
  dimension: number,
  options: ProbeOptions = {},
): ProbeResult {
  const { penalties = defaultPenalties, validationShare = 0.2, seed = 0, tolerance = 1e-5 } = options;
  const classes = Math.max(largest(bankLabels), largest(queryLabels)) + 1;
  const fitted = fitStandardisation(bank, dimension);
  const features = standardise(fitted, bank);
  const { variances } = fitted;
  const penalty =
    penalties.length === 1
      ? penalties[0]!
      : chosenPenalty({ features, labels: bankLabels, dimension, classes, variances }, { penalties, validationShare, seed, tolerance });
  const model = fitLogistic(features, bankLabels, dimension, classes, { penalty, variances, tolerance, maxIterations: 1000 });
  const { predicted } = predictLogistic(model, standardise(fitted, queries), queryLabels);
  const { gradientNorm, iterations, converged } = model;
  return { ...accuracyOf(predicted, queryLabels), penalty, gradientNorm, iterations, converged };
}

interface Bank {
  /** Standardised. */
  readonly features: Float32Array;
  readonly labels: Uint32Array;
  readonly dimension: number;
  readonly classes: number;
  readonly variances: Float64Array;
}

function chosenPenalty(
  { features, labels, dimension, classes, variances }: Bank,
  { penalties, validationShare, seed, tolerance }: Required<ProbeOptions>,
): number {
  const split = stratifiedSplit(labels, validationShare, seed);
  if (split.validation.length === 0) return penalties[2] ?? defaultPenalties[2];
  const training = take(features, labels, split.training, dimension);
  const validation = take(features, labels, split.validation, dimension);
  let best: { penalty: number; accuracy: number; crossEntropy: number } | undefined;
  let start: Float64Array | undefined;
  let worse = 0;
  for (const penalty of penalties) {
    const model: LogisticModel = fitLogistic(training.features, training.labels, dimension, classes, {
      penalty,
      variances,
      tolerance: Math.max(tolerance, 1e-4),
      maxIterations: 200,
      ...(start ? { start } : {}),
    });
    start = model.weights;
    const { predicted, crossEntropy } = predictLogistic(model, validation.features, validation.labels);
    const { accuracy } = accuracyOf(predicted, validation.labels);
    if (!best || accuracy > best.accuracy || (accuracy === best.accuracy && crossEntropy < best.crossEntropy)) {
      best = { penalty, accuracy, crossEntropy };
      worse = 0;
    } else if (++worse === 2) break;
  }
  return best?.penalty ?? 0.01;
}

/** What the probes of several folds say of all their queries. */
export function together(folds: readonly ProbeResult[]): ProbeResult {
  const counts = new Map<number, { queries: number; right: number }>();
  for (const { label, queries, accuracy } of folds.flatMap(({ perClass }) => perClass)) {
    const known = counts.get(label) ?? { queries: 0, right: 0 };
    counts.set(label, { queries: known.queries + queries, right: known.right + accuracy * queries });
  }
  const all = [...counts].toSorted(([a], [b]) => a - b);
  const sumOf = (figure: 'queries' | 'right'): number => all.reduce((sum, [, count]) => sum + count[figure], 0);
  return {
    accuracy: sumOf('right') / sumOf('queries'),
    perClass: all.map(([label, { queries, right }]) => ({ label, queries, accuracy: right / queries })),
    penalty: folds[0]!.penalty,
    gradientNorm: Math.max(...folds.map(({ gradientNorm }) => gradientNorm)),
    iterations: Math.max(...folds.map(({ iterations }) => iterations)),
    converged: folds.every(({ converged }) => converged),
  };
}

/** Rows of each class shuffled by `seed`, the first share of them for validation; a class keeps at least one row for training. */
export function stratifiedSplit(
  labels: Uint32Array,
  share: number,
  seed: number,
): { readonly training: Uint32Array; readonly validation: Uint32Array } {
  const byClass = new Map<number, number[]>();
  for (const [row, label] of labels.entries()) {
    const rows = byClass.get(label);
    if (rows) rows.push(row);
    else byClass.set(label, [row]);
  }
  const training: number[] = [];
  const validation: number[] = [];
  for (const [label, rows] of byClass) {
    new Random(seed, 'evaluation', 1, label).shuffle(rows);
    const held = Math.min(Math.round(rows.length * share), rows.length - 1);
    for (const [i, row] of rows.entries()) (i < held ? validation : training).push(row);
  }
  return { training: Uint32Array.from(training).sort(), validation: Uint32Array.from(validation).sort() };
}

function take(
  features: Float32Array,
  labels: Uint32Array,
  rows: Uint32Array,
  dimension: number,
): { readonly features: Float32Array; readonly labels: Uint32Array } {
  rowCount(features, dimension);
  const chosen = new Float32Array(rows.length * dimension);
  for (const [i, row] of rows.entries()) chosen.set(features.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  return { features: chosen, labels: Uint32Array.from(rows, (row) => labels[row]!) };
}

function largest(labels: Uint32Array): number {
  return labels.reduce((most, label) => Math.max(most, label), 0);
}
