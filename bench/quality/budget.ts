// What a training costs, in a unit that compares across machines: elapsed seconds × the rate of a bare matrix product measured in the
// same minutes with the same threads. 1 PFLOP is an hour at 276 GFLOP/s. A shared machine slows both alike.
import { OnnxSession } from '../../src-main/runtime/onnx-session.ts';
import { lowerOnnx } from '../../src-main/tensor/lower-onnx.ts';
import { matmul } from '../../src-main/tensor/products.ts';
import { input } from '../../src-main/tensor/structure.ts';

const side = 1024;
const operations = 2 * side ** 3;
/** Long enough for several products. */
const measureMs = 150;

/** Measures how fast this machine multiplies matrices just now, operations per second. */
export class BareRate {
  readonly #session: OnnxSession;
  readonly #feeds = { a: filled(1), b: filled(2) };

  private constructor(session: OnnxSession) {
    this.#session = session;
  }

  static async create(threads: number): Promise<BareRate> {
    const product = matmul(input('a', [side, side]), input('b', [side, side]));
    const rate = new BareRate(await OnnxSession.create(lowerOnnx({ product }), { threads }));
    await rate.measure();
    return rate;
  }

  async measure(): Promise<number> {
    const began = performance.now();
    let count = 0;
    while (performance.now() - began < measureMs) {
      await this.#session.run(this.#feeds);
      count++;
    }
    return (1000 * operations * count) / (performance.now() - began);
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}

const filled = (seed: number): Float32Array => Float32Array.from({ length: side * side }, (_, i) => Math.sin(i * seed));

/** Seconds of work after which the rate is measured again. */
const between = 15;

export interface Spent {
  /** Operations that the machine could have done in the time used. */
  readonly operations: number;
  readonly seconds: number;
}

/** Adds up what work has cost; every piece counts with the mean of the rates measured before and after it. */
export class Budget {
  readonly #measure: () => Promise<number>;
  #rate: number;
  #pending = 0;
  #spent: Spent;

  private constructor(measure: () => Promise<number>, rate: number, spent: Spent) {
    this.#measure = measure;
    this.#rate = rate;
    this.#spent = spent;
  }

  /** Goes on from what was spent before. */
  static async begin(measure: () => Promise<number>, spent: Spent = { operations: 0, seconds: 0 }): Promise<Budget> {
    return new Budget(measure, await measure(), spent);
  }

  /** Seconds of work done since the last call. */
  async add(seconds: number): Promise<void> {
    this.#pending += seconds;
    if (this.#pending >= between) await this.settle();
  }

  /** Measures, so that everything added is accounted for. */
  async settle(): Promise<Spent> {
    if (this.#pending > 0) {
      const now = await this.#measure();
      const { operations, seconds } = this.#spent;
      this.#spent = { operations: operations + (this.#pending * (this.#rate + now)) / 2, seconds: seconds + this.#pending };
      this.#rate = now;
      this.#pending = 0;
    }
    return this.#spent;
  }
}

/** Seconds of a step, between two measured rates. */
export interface TimedStep {
  readonly seconds: number;
  readonly rate: number;
}

export interface PhaseTrials {
  /** Of the steps of a run. */
  readonly share: number;
  readonly trials: readonly TimedStep[];
}

/** Steps that a budget allows, from trials of each phase of a run. */
export function stepsFor(budget: number, phases: readonly PhaseTrials[]): number {
  const costOf = ({ trials }: PhaseTrials): number => trials.reduce((sum, { seconds, rate }) => sum + seconds * rate, 0) / trials.length;
  const cost = phases.reduce((sum, phase) => sum + phase.share * costOf(phase), 0);
  return Math.max(10, Math.round(budget / cost));
}
