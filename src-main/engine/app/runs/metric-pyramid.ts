// The steps of a run in memory so that a chart of any range is drawn from few numbers and no spike is lost: every step as it was
// logged, and above it minimum, maximum and sum of 16, 256, 4,096, … steps. Only whole groups have an entry, so that steps are taken
// back by forgetting the end of each level.
import type { MetricSeries } from '../../../../shared/contract/contract-runs.ts';
import { metricNames } from '../../../../shared/contract/metric-names.ts';
import type { MetricName } from '../../../../shared/contract/metric-names.ts';

const branching = 16;
const width = metricNames.length;

/** What one step logged, in the order of `metricNames`; NaN where it has none. */
export type MetricRow = Float32Array;

interface Level {
  /** Steps of a group. */
  readonly span: number;
  groups: number;
  /** [groups, metrics] each; of a group without a value Infinity, −Infinity, 0, 0. */
  min: Float32Array;
  max: Float32Array;
  sum: Float64Array;
  count: Uint32Array;
}

function grown<A extends Float32Array | Float64Array | Uint32Array>(array: A, needed: number): A {
  if (needed <= array.length) return array;
  const larger = new (array.constructor as new (length: number) => A)(Math.max(needed, 2 * array.length, 64));
  larger.set(array as never);
  return larger;
}

/** Minimum, maximum, sum and count of what was folded into it. */
class Fold {
  min = Infinity;
  max = -Infinity;
  sum = 0;
  count = 0;

  clear(): void {
    [this.min, this.max, this.sum, this.count] = [Infinity, -Infinity, 0, 0];
  }

  add(min: number, max: number, sum: number, count: number): void {
    if (min < this.min) this.min = min;
    if (max > this.max) this.max = max;
    this.sum += sum;
    this.count += count;
  }
}

export class MetricPyramid {
  #rows = 0;
  /** Step and seconds since the start of each row. */
  #steps = new Float64Array(64);
  #seconds = new Float64Array(64);
  /** [rows, metrics]. */
  #values = new Float32Array(64 * width);
  readonly #levels: Level[] = [];
  readonly #fold = new Fold();

  get rows(): number {
    return this.#rows;
  }

  /** The last step, 0 before the first. */
  get last(): number {
    return this.#rows === 0 ? 0 : this.#steps[this.#rows - 1]!;
  }

  /** Seconds since the start at the last step. */
  get seconds(): number {
    return this.#rows === 0 ? 0 : this.#seconds[this.#rows - 1]!;
  }

  /** Bytes that it holds. */
  get bytes(): number {
    return this.#levels.reduce((bytes, { min }) => bytes + 20 * min.length, 16 * this.#steps.length + 4 * this.#values.length);
  }

  /** Values of the last `count` steps of a metric, oldest first. */
  latest(metric: MetricName, count: number): Float32Array {
    const from = Math.max(0, this.#rows - count);
    const at = metricNames.indexOf(metric);
    return Float32Array.from({ length: this.#rows - from }, (_, i) => this.#values[(from + i) * width + at]!);
  }

  /** Takes back every step after `step`. */
  rewind(step: number): void {
    this.#rows = this.#rowFrom(step + 1);
    for (const level of this.#levels) level.groups = Math.floor(this.#rows / level.span);
  }

  /** Adds a step. One that was there before, and all after it, are taken back: the run was resumed before them. */
  append(step: number, seconds: number, values: MetricRow): void {
    if (step <= this.last) this.rewind(step - 1);
    const row = this.#rows;
    this.#steps = grown(this.#steps, row + 1);
    this.#seconds = grown(this.#seconds, row + 1);
    this.#values = grown(this.#values, (row + 1) * width);
    this.#steps[row] = step;
    this.#seconds[row] = seconds;
    this.#values.set(values, row * width);
    this.#rows++;
    for (let level = 0, span = branching; this.#rows % span === 0; level++, span *= branching) this.#close(level, span);
  }

  /** Adds the group of a level that its last step has made whole. */
  #close(level: number, span: number): void {
    this.#levels[level] ??= {
      span,
      groups: 0,
      min: new Float32Array(0),
      max: new Float32Array(0),
      sum: new Float64Array(0),
      count: new Uint32Array(0),
    };
    const entry = this.#levels[level]!;
    const needed = (entry.groups + 1) * width;
    entry.min = grown(entry.min, needed);
    entry.max = grown(entry.max, needed);
    entry.sum = grown(entry.sum, needed);
    entry.count = grown(entry.count, needed);
    for (let metric = 0; metric < width; metric++) {
      // From the level below: what is whole there adds up to this group.
      const { min, max, sum, count } = this.#range(this.#rows - span, this.#rows, metric, level);
      const at = entry.groups * width + metric;
      [entry.min[at], entry.max[at], entry.sum[at], entry.count[at]] = [min, max, sum, count];
    }
    entry.groups++;
  }

  /** Folds the rows [from, to) of a metric, from groups of the first `levels` levels where they are whole. */
  #range(from: number, to: number, metric: number, levels = this.#levels.length): Fold {
    const fold = this.#fold;
    fold.clear();
    for (let row = from; row < to;) {
      let level = 0;
      while (level < levels && row % this.#levels[level]!.span === 0 && row + this.#levels[level]!.span <= to) level++;
      if (level === 0) {
        const value = this.#values[row * width + metric]!;
        if (!Number.isNaN(value)) fold.add(value, value, value, 1);
        row++;
        continue;
      }
      const { span, min, max, sum, count } = this.#levels[level - 1]!;
      const at = (row / span) * width + metric;
      fold.add(min[at]!, max[at]!, sum[at]!, count[at]!);
      row += span;
    }
    return fold;
  }

  /** First row of a step, or of the next that there is. */
  #rowFrom(step: number): number {
    let [low, high] = [0, this.#rows];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#steps[middle]! < step) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Buckets of a metric over the steps from `from` to `to` (both of them in; `to` 0: to the end), at most `points`: every step alone
   * where there are few enough, else groups of a power of two, whose borders stay where they are while the run grows. A bucket
   * without a value is NaN.
   */
  series(metric: MetricName, from: number, to: number, points: number): MetricSeries {
    const first = this.#rowFrom(from);
    const end = to === 0 ? this.#rows : this.#rowFrom(to + 1);
    let size = 1;
    const buckets = (): number => (end <= first ? 0 : Math.floor((end - 1) / size) - Math.floor(first / size) + 1);
    while (buckets() > points) size *= 2;
    const length = buckets();
    const series = {
      steps: new Float64Array(length),
      seconds: new Float64Array(length),
      mean: new Float32Array(length),
      min: new Float32Array(length),
      max: new Float32Array(length),
    };
    const place = metricNames.indexOf(metric);
    for (let i = 0; i < length; i++) {
      const start = Math.max(first, (Math.floor(first / size) + i) * size);
      const stop = Math.min(end, (Math.floor(first / size) + i + 1) * size);
      const { min, max, sum, count } = this.#range(start, stop, place);
      series.steps[i] = this.#steps[start]!;
      series.seconds[i] = this.#seconds[start]!;
      series.mean[i] = count > 0 ? sum / count : NaN;
      series.min[i] = count > 0 ? min : NaN;
      series.max[i] = count > 0 ? max : NaN;
    }
    return series;
  }
}
