// 20-nearest-neighbour classification (Wu et al. 2018, §3.4, as DINO and I-JEPA's successors use it): cosine similarity, each of
// the k neighbours votes exp(similarity / temperature) for its class.
import { AppError } from '../../shared/errors.ts';
import { forEachProductBlock, rowCount } from './matrix-products.ts';

export interface NeighbourOptions {
  /** Fewer when the bank is smaller. */
  readonly neighbours?: number;
  readonly temperature?: number;
}

export interface ClassAccuracy {
  readonly label: number;
  readonly queries: number;
  /** 0–1. */
  readonly accuracy: number;
}

export interface NeighbourResult {
  /** 0–1, over all queries. */
  readonly accuracy: number;
  /** Classes that have queries, ascending. */
  readonly perClass: readonly ClassAccuracy[];
  /** Class given to each query. */
  readonly predicted: Uint32Array;
  readonly neighbours: number;
  /** Cosine of each query with its nearest vector of the bank. */
  readonly nearest: Float64Array;
}

/**
 * Classifies `queries` [M, dimension] by their neighbours in `bank` [N, dimension]; both are normalised and in one space. Labels
 * are class numbers from 0. Exact; equal similarities prefer the lower row of the bank, equal votes the lower class.
 * Throws `bad-input` when lengths do not fit.
 */
export function classifyByNeighbours(
  bank: Float32Array,
  bankLabels: Uint32Array,
  queries: Float32Array,
  queryLabels: Uint32Array,
  dimension: number,
  options: NeighbourOptions = {},
): NeighbourResult {
  const { neighbours = 20, temperature = 0.07 } = options;
  const bankRows = rowCount(bank, dimension);
  const queryRows = rowCount(queries, dimension);
  if (bankRows !== bankLabels.length || queryRows !== queryLabels.length || bankRows === 0 || queryRows === 0) {
    throw new AppError(
      'bad-input',
      `${bankRows} vectors with ${bankLabels.length} labels, ${queryRows} queries with ${queryLabels.length} labels.`,
      'Every vector needs exactly one label.',
    );
  }
  const k = Math.min(neighbours, bankRows);
  const classes = bankLabels.reduce((most, label) => Math.max(most, label), 0) + 1;
  const predicted = new Uint32Array(queryRows);
  const nearest = new Float64Array(queryRows);
  const votes = new Float64Array(classes);
  const best = { scores: new Float64Array(k), rows: new Uint32Array(k) };
  forEachProductBlock(queries, bank, dimension, (first, rows, products) => {
    for (let row = 0; row < rows; row++) {
      selectLargest(products, row * bankRows, bankRows, best.scores, best.rows);
      votes.fill(0);
      for (let i = 0; i < k; i++) votes[bankLabels[best.rows[i]!]!]! += Math.exp(best.scores[i]! / temperature);
      let winner = 0;
      for (let label = 1; label < classes; label++) if (votes[label]! > votes[winner]!) winner = label;
      predicted[first + row] = winner;
      nearest[first + row] = best.scores[0]!;
    }
  });
  return { ...accuracyOf(predicted, queryLabels), predicted, neighbours: k, nearest };
}

/**
 * The `scores.length` largest of values[start … start + count), descending, equal values by ascending position; their positions
 * relative to `start` go to `rows`. Needs count ≥ scores.length.
 */
export function selectLargest(values: Float64Array, start: number, count: number, scores: Float64Array, rows: Uint32Array): void {
  const k = scores.length;
  let held = 0;
  for (let i = 0; i < count; i++) {
    const value = values[start + i]!;
    if (held === k && !(value > scores[k - 1]!)) continue;
    let place = held < k ? held++ : k - 1;
    while (place > 0 && scores[place - 1]! < value) {
      scores[place] = scores[place - 1]!;
      rows[place] = rows[place - 1]!;
      place--;
    }
    scores[place] = value;
    rows[place] = i;
  }
}

/** Share of predictions that equal the truth, over all and per class. */
export function accuracyOf(
  predicted: Uint32Array,
  truth: Uint32Array,
): { readonly accuracy: number; readonly perClass: readonly ClassAccuracy[] } {
  const counts = new Map<number, { queries: number; right: number }>();
  let right = 0;
  for (let i = 0; i < truth.length; i++) {
    const label = truth[i]!;
    const count = counts.get(label) ?? { queries: 0, right: 0 };
    counts.set(label, count);
    count.queries++;
    if (predicted[i] === label) {
      count.right++;
      right++;
    }
  }
  const perClass = [...counts]
    .sort(([a], [b]) => a - b)
    .map(([label, count]) => ({ label, queries: count.queries, accuracy: count.right / count.queries }));
  return { accuracy: truth.length > 0 ? right / truth.length : 0, perClass };
}
