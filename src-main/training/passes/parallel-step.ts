// The step of a small network on several cores: its kernels are too short to be shared among threads, so that each core takes a part of the
// batch through all of them, and moves a part of the parameters. This thread is one of them.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { movedParameters } from '../../jepa/model.ts';
import type { ParameterSpec } from '../../jepa/model.ts';
import { muonMatrices, muonOperations } from '../../jepa/muon.ts';
import type { StepSize } from '../../jepa/step.ts';
import { sizeOf } from '../../tensor/graph.ts';
import type { Parts } from '../plan/parallel-parts.ts';
import { arraysOf, stateTensors } from '../run-folder/state.ts';
import { CoupledLoss } from './coupled-loss.ts';
import { normOf } from './optimiser.ts';
import type { Coupling, Feeds, OnnxStepOptions, StateArrays, StepDevice, StepLosses } from './step-device.ts';
import { joined, summed } from './step-parts.ts';
import { StepShare } from './step-share.ts';
import type { ShareCalls } from './step-share.ts';
import { StepThreads, everyOne } from './step-threads.ts';

/** Consecutive stretches of `items`, one for each of `count` cores, as equal as can be. */
export function stretches<T>(items: readonly T[], count: number): readonly (readonly T[])[] {
  const at = (i: number): number => Math.ceil((i * items.length) / count);
  return Array.from({ length: count }, (_, i) => items.slice(at(i), at(i + 1)));
}

/** What moving a value costs beside Muon's products, in operations that take as long. */
const valueOperations = 200;

/** Parameters for each of `count` cores, about the same work for all: those with most of it first, each to the core that has least. */
export function sharedOut(
  parameters: readonly ParameterSpec[],
  config: Pick<TrainConfig, 'optimiser'>,
  count: number,
): readonly (readonly ParameterSpec[])[] {
  const matrices = new Set(muonMatrices(parameters, config));
  const workOf = (one: ParameterSpec): number => valueOperations * sizeOf(one.shape) + (matrices.has(one) ? muonOperations(one) : 0);
  const shares = Array.from({ length: count }, () => ({ work: 0, parameters: [] as ParameterSpec[] }));
  for (const one of parameters.toSorted((a, b) => workOf(b) - workOf(a))) {
    const least = shares.reduce((best, share) => (share.work < best.work ? share : best));
    least.work += workOf(one);
    least.parameters.push(one);
  }
  return shares.map((share) => share.parameters);
}

export class ParallelStep implements StepDevice {
  readonly microBatch: number;
  readonly #count: number;
  readonly #own: StepShare;
  readonly #others: StepThreads;
  readonly #coupled: CoupledLoss | undefined;
  /** Shared with the other threads. */
  readonly #state: StateArrays;
  /** What was loaded. */
  #arrays: StateArrays = {};
  #moved = false;
  #updating = false;

  private constructor(
    microBatch: number,
    count: number,
    own: StepShare,
    others: StepThreads,
    coupled: CoupledLoss | undefined,
    state: StateArrays,
  ) {
    this.microBatch = microBatch;
    this.#count = count;
    this.#own = own;
    this.#others = others;
    this.#coupled = coupled;
    this.#state = state;
  }

  /** Every share takes its parts one after the other. */
  static async create(
    whole: StepSize,
    config: TrainConfig,
    options: OnnxStepOptions,
    { shares: count, threads, microBatch }: Parts,
  ): Promise<ParallelStep> {
    const size = { ...whole, microBatch };
    const moved = movedParameters(size.model, config);
    const state = arraysOf(stateTensors(size.model), undefined, true);
    const gradients = Array.from({ length: count }, () => arraysOf(moved, 'gradient', true));
    const shares = sharedOut(moved, config, count).map((parameters, index) => {
      return { size, config, options: { ...options, threads }, state, index, gradients, parameters };
    });
    // What the first has compiled the others find on the disk.
    const own = await StepShare.create(shares[0]!);
    let coupled: CoupledLoss | undefined;
    try {
      coupled = await CoupledLoss.create(size, config, options);
      return new ParallelStep(microBatch, count, own, await StepThreads.start(shares.slice(1)), coupled, state);
    } catch (error) {
      await own.dispose();
      await coupled?.dispose();
      throw error;
    }
  }

  /** Asks all cores at once; answers in their order, once all have answered. */
  async #all<K extends keyof ShareCalls>(call: K, asks: readonly ShareCalls[K]['ask'][]): Promise<ShareCalls[K]['answer'][]> {
    this.#others.ask(call, asks.slice(1));
    const own = this.#own.call(call, asks[0] as ShareCalls[K]['ask']);
    // While it works, this thread does not wait for the others.
    await own.catch(() => {});
    const [first, others] = await everyOne<ShareCalls[K]['answer'] | ShareCalls[K]['answer'][]>([own, this.#others.answers<K>()]);
    return [first as ShareCalls[K]['answer'], ...(others as ShareCalls[K]['answer'][])];
  }

  async load(state: StateArrays): Promise<void> {
    this.#arrays = state;
    for (const [name, values] of Object.entries(this.#state)) values.set(state[name]!);
    this.#moved = false;
    this.#updating = false;
    return Promise.resolve();
  }

  #stretches(parts: readonly Feeds[]): readonly (readonly Feeds[])[] {
    return stretches(
      parts.map((feeds) => crossing(this.#own.pass.needed(feeds))),
      this.#count,
    );
  }

  async accumulate(parts: readonly Feeds[]): Promise<StepLosses> {
    return this.#keeping(async () => summed(await this.#all('accumulate', this.#stretches(parts))));
  }

  async pool(parts: readonly Feeds[]): Promise<Float32Array> {
    return this.#keeping(async () => joined(await this.#all('pool', this.#stretches(parts))));
  }

  async couple(feeds: Feeds): Promise<Coupling> {
    return this.#keeping(async () => this.#coupled!.of(feeds));
  }

  /** What moves nothing leaves the state whole where it fails, and brings it home. */
  async #keeping<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await this.save();
      throw error;
    }
  }

  async update(schedule: Parameters<StepDevice['update']>[0]): Promise<number> {
    const every = <T>(ask: T): T[] => Array.from({ length: this.#count }, () => ask);
    const squares = await this.#keeping(async () => this.#all('gather', every(undefined)));
    const norm = normOf(squares.reduce((a, b) => a + b, 0));
    if (!Number.isFinite(norm)) return norm;
    // Where it fails half way, some of the moments have moved.
    this.#updating = true;
    await this.#all('move', every(schedule));
    this.#updating = false;
    this.#moved = true;
    return norm;
  }

  get isHome(): boolean {
    return !this.#moved && !this.#updating;
  }

  async save(): Promise<void> {
    if (!this.#moved || this.#updating) return;
    for (const [name, values] of Object.entries(this.#state)) this.#arrays[name]!.set(values);
    this.#moved = false;
    return Promise.resolve();
  }

  async dispose(): Promise<void> {
    await everyOne([this.#others, this.#own, this.#coupled].map(async (one) => one?.dispose()));
  }
}

/** A view of memory that is not shared would take all of it along. */
const crossing = (feeds: Feeds): Feeds =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, values]) => [name, values.buffer instanceof SharedArrayBuffer ? values : values.slice()]),
  );
