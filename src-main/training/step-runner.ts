// Runs the compiled step on a device: cuts a batch into micro-batches, adds their gradients up, and moves the weights.
import type { TrainConfig } from '../../shared/config/config-table.ts';
import { AppError } from '../../shared/errors.ts';
import { Random } from '../../shared/random.ts';
import { packMasks } from '../jepa/mask-batch.ts';
import type { ImageMasks } from '../jepa/masks-paper.ts';
import { drawMasks, seenWhole } from '../jepa/masks.ts';
import { patchValues, pooledWidth, tokenCount } from '../jepa/model.ts';
import { crossesParts } from '../jepa/step.ts';
import type { StepSize } from '../jepa/step.ts';
import { LossScale } from './loss-scale.ts';
import { createStepDevice } from './passes/create-step-device.ts';
import type { StepOptions } from './passes/create-step-device.ts';
import type { Feeds, StepDevice, StepLosses } from './passes/step-device.ts';
import { phasesOf } from './plan/phases.ts';
import type { Phase } from './plan/phases.ts';
import { possibleMicroBatches } from './plan/step-size.ts';
import { GivenUp } from './run-control.ts';
import type { GoOn } from './run-control.ts';
import type { TrainState } from './run-folder/state.ts';
import { scheduleInputsAt, scheduleOf } from './schedules.ts';
import type { Schedule } from './schedules.ts';

export interface StepOutcome {
  readonly loss: number;
  /** Of the masked prediction; absent without it. */
  readonly smoothL1?: number;
  readonly squaredError?: number;
  readonly coupled?: number;
  /** Not a number where a loss is not finite: nothing was moved then. */
  readonly gradientNorm: number;
  /** What the losses were multiplied by; in float16 alone. */
  readonly lossScale?: number;
  /** Whether the weights stayed as they were because a gradient or a loss was not finite. */
  readonly refused: boolean;
}

/** Where in its run a step stands. */
export type StepPlace = Pick<TrainState, 'step' | 'contextTokens'>;

/** The phase of a step; what comes after the end belongs to the last. */
const phaseAt = (phases: readonly [...Phase[], Phase], step: number): Phase => phases.find(({ until }) => step < until) ?? phases.at(-1)!;

export class StepRunner {
  readonly config: TrainConfig;
  readonly #compile: typeof createStepDevice;
  readonly schedule: Schedule;
  readonly #phases: readonly [...Phase[], Phase];
  /** What the step is compiled for. */
  #phase: Phase;
  readonly #options: StepOptions;
  #device: StepDevice | undefined;
  readonly #scale: LossScale | undefined;
  /** What the device has taken over. */
  #loaded: TrainState | undefined;

  private constructor(config: TrainConfig, steps: number, options: StepOptions, compile: typeof createStepDevice, at: StepPlace) {
    this.config = config;
    this.#compile = compile;
    this.schedule = scheduleOf(config, steps);
    this.#options = options;
    this.#scale = options.precision === 'float16' ? new LossScale() : undefined;
    this.#phases = phasesOf(config, steps);
    this.#phase = phaseAt(this.#phases, at.step);
    const { contextTokens } = at;
    if (contextTokens !== undefined && this.#size.paddedContext) this.#resize({ contextTokens });
  }

  /**
   * Compiles the step of a run of `steps` updates; `at` is the state when the run goes on. Where the device has too little memory for a
   * micro-batch, now or at a step that can be made again, it goes on with a smaller one: `size` tells.
   */
  static async create(
    config: TrainConfig,
    steps: number,
    options: StepOptions,
    at: StepPlace = { step: 0 },
    compile: typeof createStepDevice = createStepDevice,
  ): Promise<StepRunner> {
    const runner = new StepRunner(config, steps, options, compile, at);
    await runner.#open();
    return runner;
  }

  async #open(): Promise<void> {
    this.#loaded = undefined;
    try {
      this.#device = await this.#compile(this.#size, this.#objective, this.#options);
    } catch (error) {
      this.#shrinkOr(error);
      await this.#open();
    }
  }

  /** Takes the next smaller micro-batch, or throws the error that asks for it. */
  #shrinkOr(error: unknown): void {
    const crops = this.#size.crops;
    const smaller = possibleMicroBatches(this.config).findLast((images) => images * crops < this.#size.microBatch);
    if (!(error instanceof AppError) || error.code !== 'out-of-memory' || smaller === undefined) throw error;
    this.#resize({ microBatch: smaller * crops });
  }

  get #size(): StepSize {
    return this.#phase.size;
  }

  #resize(change: Partial<StepSize>): void {
    this.#phase = { ...this.#phase, size: { ...this.#size, ...change } };
  }

  /** The settings as far as the step of this phase follows from them. */
  get #objective(): TrainConfig {
    return { ...this.config, prediction: this.#phase.prediction };
  }

  /** Of the steps at the end of the run, with the micro-batch that all have. */
  get size(): StepSize {
    const last = this.#phases.at(-1)!;
    return this.#phase.from === last.from ? this.#size : { ...last.size, microBatch: this.#size.microBatch };
  }

  /** Recompiles the step where another phase of the run begins. */
  async #enter(step: number): Promise<void> {
    const next = phaseAt(this.#phases, step);
    if (next.from === this.#phase.from) return;
    await this.save();
    await this.#close();
    this.#phase = { ...next, size: { ...next.size, microBatch: this.#size.microBatch } };
    await this.#open();
  }

  /** Masks of a step's images; recompiles when a paper-exact context is longer than any before. */
  async #masks(step: number): Promise<readonly ImageMasks[]> {
    const { batch, contextTokens, othersWhole, predictionStride } = this.#size;
    if (othersWhole && this.#phase.prediction === 0) return Array.from({ length: batch }, () => seenWhole);
    const masks = drawMasks(this.config, this.config.seed, step, batch, contextTokens, othersWhole ? predictionStride : 1);
    const longest = masks[0]!.context.length;
    if (longest > this.#size.contextTokens) {
      await this.save();
      await this.#close();
      this.#resize({ contextTokens: Math.min(tokenCount(this.#size.model), longest + 4) });
      await this.#open();
    }
    return masks;
  }

  /**
   * One update with the patches [batch, N, 3·P·P] of step `state.step`, which it counts; N is that of the step's phase. The arrays of `state` are moved in place, at
   * once or, where the device keeps them, by `save`. `goOn` is asked between micro-batches: where it rejects, the state is that before the step.
   */
  async run(state: TrainState, patches: Float32Array, goOn?: GoOn): Promise<StepOutcome> {
    const { step, contextTokens } = state;
    await this.#enter(step);
    try {
      return await this.#step(state, patches, goOn);
    } catch (error) {
      if (error instanceof GivenUp) {
        if (contextTokens === undefined) delete state.contextTokens;
        else state.contextTokens = contextTokens;
        throw error;
      }
      // What has moved on a device that failed cannot be told from what has not.
      if (this.#device?.isHome !== true || state.step !== step) throw error;
      this.#shrinkOr(error);
      await this.#close();
      await this.#open();
      return this.run(state, patches, goOn);
    }
  }

  async #step(state: TrainState, patches: Float32Array, goOn?: GoOn): Promise<StepOutcome> {
    const masks = await this.#masks(state.step);
    const device = this.#device!;
    if (this.#loaded !== state) {
      await this.save();
      await device.load(state.tensors);
      this.#loaded = state;
    }
    if (this.#size.paddedContext) state.contextTokens = this.#size.contextTokens;
    const { batch } = this.#size;
    const parts = this.#partsOf(masks, patches);
    const directions = this.config.sigreg > 0 ? { directions: this.#directions(state.step) } : {};
    const objective = this.#objective;
    const coupling = crossesParts({ ...this.#size, microBatch: device.microBatch }, objective)
      ? await device.couple({ ...directions, pooled: await device.pool(parts, goOn) })
      : undefined;
    const coupled = (at: number): Feeds =>
      coupling ? { pooledCotangent: rows(coupling.pooledCotangent, at, device.microBatch, batch) } : directions;

    let areLossesFinite = true;
    const attempt = async (): Promise<Omit<StepOutcome, 'refused'>> => {
      const scale = this.#scale && { lossScale: Float32Array.of(this.#scale.value) };
      const feeds = parts.map((part, i) => ({ ...part, ...coupled(i * device.microBatch), ...scale }));
      const losses = await device.accumulate(feeds, goOn);
      const sums: StepLosses = { ...losses, ...(coupling && { coupled: coupling.coupled }) };
      const masked = (objective.loss === 'l2' ? sums.squaredError : sums.smoothL1) ?? 0;
      const loss = objective.prediction * masked + (sums.coupled ?? 0);
      // A loss can overflow whose gradient does not: that of smooth L1 is never larger than 1.
      areLossesFinite = [loss, ...Object.values(sums)].every((one) => Number.isFinite(one));
      const gradientNorm = areLossesFinite ? await device.update(scheduleInputsAt(this.schedule, this.config, state.step)) : Number.NaN;
      return { loss, ...sums, gradientNorm, ...(this.#scale && { lossScale: this.#scale.value }) };
    };
    const scaleBefore = this.#scale?.value ?? 1;
    let outcome = await attempt();
    // Where the loss itself is not finite no smaller scale helps.
    while (!Number.isFinite(outcome.gradientNorm) && areLossesFinite && this.#scale?.overflowed() === true) outcome = await attempt();
    const refused = !Number.isFinite(outcome.gradientNorm);
    if (refused) this.#scale?.restore(scaleBefore);
    else this.#scale?.kept();
    state.step++;
    return { ...outcome, refused };
  }

  /** Masks and patches of a batch, cut as the device takes them. */
  #partsOf(masks: readonly ImageMasks[], patches: Float32Array): readonly Feeds[] {
    const size = { ...this.#size, microBatch: this.#device!.microBatch };
    const values = size.microBatch * tokenCount(size.model) * patchValues(size.model);
    return Array.from({ length: size.batch / size.microBatch }, (_, i) => ({
      ...packMasks(size, masks, i * size.microBatch),
      patches: patches.subarray(i * values, (i + 1) * values),
    }));
  }

  #directions(step: number): Float32Array {
    const random = new Random(this.config.seed, 'projection', step);
    return Float32Array.from({ length: pooledWidth(this.#size.model) * this.config.sigregProjections }, () => random.normal());
  }

  /** Brings the arrays of the state that was last run up to date. */
  async save(): Promise<void> {
    if (this.#loaded) await this.#device?.save();
  }

  async #close(): Promise<void> {
    const device = this.#device;
    this.#device = undefined;
    await device?.dispose();
  }

  async dispose(): Promise<void> {
    await this.#close();
  }
}

/** Rows `from` … `from + count − 1` of a matrix with `all` rows, as a view. */
function rows(values: Float32Array, from: number, count: number, all: number): Float32Array {
  const width = values.length / all;
  return values.subarray(from * width, (from + count) * width);
}
