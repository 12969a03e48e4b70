// The curves of a run as a page keeps them: buckets that the engine answered with, and behind them what came live since. However long
// a run goes, a page holds no more than a fixed number of points: when the live part is full, neighbours are joined, and their least
// and largest value stay.
import type { MetricSeries, RunSeries } from '../../../shared/contract/contract-runs.ts';
import type { MetricName } from '../../../shared/contract/metric-names.ts';
import type { StepMetrics } from '../../../shared/train-events.ts';

/** Points of the live part, at most. */
const liveCapacity = 512;

/** The live part of one curve. */
class LiveSeries {
  readonly #steps = new Float64Array(liveCapacity);
  readonly #seconds = new Float64Array(liveCapacity);
  readonly #mean = new Float64Array(liveCapacity);
  readonly #min = new Float64Array(liveCapacity);
  readonly #max = new Float64Array(liveCapacity);
  #length = 0;
  /** Values that a full bucket has, and that the last one has so far. */
  #width = 1;
  #filled = 0;

  get length(): number {
    return this.#length;
  }

  push(step: number, seconds: number, value: number): void {
    const last = this.#length - 1;
    if (last >= 0 && this.#filled < this.#width) {
      this.#filled++;
      this.#mean[last] = this.#mean[last]! + (value - this.#mean[last]!) / this.#filled;
      this.#min[last] = Math.min(this.#min[last]!, value);
      this.#max[last] = Math.max(this.#max[last]!, value);
      return;
    }
    if (this.#length === liveCapacity) this.#halve();
    const at = this.#length++;
    this.#steps[at] = step;
    this.#seconds[at] = seconds;
    this.#mean[at] = this.#min[at] = this.#max[at] = value;
    this.#filled = 1;
  }

  #halve(): void {
    for (let i = 0; 2 * i < this.#length; i++) {
      const [a, b] = [2 * i, 2 * i + 1];
      this.#steps[i] = this.#steps[a]!;
      this.#seconds[i] = this.#seconds[a]!;
      this.#mean[i] = (this.#mean[a]! + this.#mean[b]!) / 2;
      this.#min[i] = Math.min(this.#min[a]!, this.#min[b]!);
      this.#max[i] = Math.max(this.#max[a]!, this.#max[b]!);
    }
    this.#length /= 2;
    this.#width *= 2;
  }

  /** Forgets what begins at or before `step`. */
  dropUpTo(step: number): void {
    let from = 0;
    while (from < this.#length && this.#steps[from]! <= step) from++;
    if (from === 0) return;
    for (const column of [this.#steps, this.#seconds, this.#mean, this.#min, this.#max]) column.copyWithin(0, from, this.#length);
    this.#length -= from;
    if (this.#length === 0) this.#width = 1;
  }

  read(): MetricSeries {
    const n = this.#length;
    return {
      steps: this.#steps.subarray(0, n),
      seconds: this.#seconds.subarray(0, n),
      mean: Float32Array.from(this.#mean.subarray(0, n)),
      min: Float32Array.from(this.#min.subarray(0, n)),
      max: Float32Array.from(this.#max.subarray(0, n)),
    };
  }
}

function doubles(a: Float64Array, b: Float64Array): Float64Array {
  const both = new Float64Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function singles(a: Float32Array, b: Float32Array): Float32Array {
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

const joined = (base: MetricSeries, live: MetricSeries): MetricSeries => ({
  steps: doubles(base.steps, live.steps),
  seconds: doubles(base.seconds, live.seconds),
  mean: singles(base.mean, live.mean),
  min: singles(base.min, live.min),
  max: singles(base.max, live.max),
});

export class RunCurves {
  readonly #base = new Map<MetricName, MetricSeries>();
  readonly #live = new Map<MetricName, LiveSeries>();
  #last = 0;

  /** The last step that is known. */
  get last(): number {
    return this.#last;
  }

  /** Takes buckets of the engine; what came live meanwhile stays behind them. */
  replace(answer: RunSeries): void {
    this.#base.clear();
    for (const [name, series] of Object.entries(answer.series)) this.#base.set(name as MetricName, series);
    for (const live of this.#live.values()) live.dropUpTo(answer.last);
    this.#last = Math.max(this.#last, answer.last);
  }

  /** Forgets everything: the run goes on from an earlier step. */
  clear(): void {
    this.#base.clear();
    this.#live.clear();
    this.#last = 0;
  }

  push(metrics: StepMetrics, seconds: number, memoryBytes: number): void {
    const { step } = metrics;
    if (step <= this.#last) return;
    this.#last = step;
    const { loss, smoothL1, squaredError, coupled, gradientNorm, learningRate, weightDecay, momentum, imagesPerSecond, waitedMs } = metrics;
    const measured = {
      loss,
      smoothL1,
      squaredError,
      coupled,
      gradientNorm,
      learningRate,
      weightDecay,
      momentum,
      imagesPerSecond,
      waitedMs,
    };
    const values: Partial<Record<MetricName, number | undefined>> = { ...measured, memoryBytes: memoryBytes || undefined };
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) continue;
      let live = this.#live.get(name as MetricName);
      if (!live) this.#live.set(name as MetricName, (live = new LiveSeries()));
      live.push(step, seconds, value);
    }
  }

  /** Buckets of a curve, oldest first; none while nothing is known of it. `live`: with what came since the engine's answer. */
  read(name: MetricName, live = true): MetricSeries | undefined {
    const base = this.#base.get(name);
    const since = this.#live.get(name);
    if (!live || !since || since.length === 0) return base;
    return base ? joined(base, since.read()) : since.read();
  }
}
