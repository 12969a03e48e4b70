// Runs the compiled step: cuts a batch into micro-batches, adds their gradients up, and moves the weights in place.
import type { TrainConfig } from '../../shared/config-table.ts';
import { Random } from '../../shared/random.ts';
import { packMasks } from '../jepa/mask-batch.ts';
import { drawMasks } from '../jepa/masks.ts';
import type { ImageMasks } from '../jepa/masks-paper.ts';
import { patchValues, pooledWidth, tokenCount, trainedParameters } from '../jepa/model.ts';
import { accumulate, couple, isCoupled, pool } from '../jepa/step.ts';
import type { StepSize } from '../jepa/step.ts';
import { OnnxSession } from '../runtime/onnx-session.ts';
import type { SessionOptions } from '../runtime/onnx-session.ts';
import { lowerOnnx } from '../tensor/lower-onnx.ts';
import { createOptimiser } from './optimiser.ts';
import type { Optimiser } from './optimiser.ts';
import { scheduleInputsAt, scheduleOf } from './schedules.ts';
import type { Schedule } from './schedules.ts';
import type { TrainState } from './state.ts';
import { stepSize } from './step-size.ts';

export interface StepOutcome {
  readonly loss: number;
  /** Of the masked prediction; absent without it. */
  readonly smoothL1?: number;
  readonly squaredError?: number;
  readonly coupled?: number;
  readonly gradientNorm: number;
  /** Whether the weights stayed as they were because a gradient or a loss was not finite. */
  readonly refused: boolean;
}

type Session = 'accumulate' | 'pool' | 'couple';

export class StepRunner {
  readonly config: TrainConfig;
  readonly schedule: Schedule;
  #size: StepSize;
  readonly #options: SessionOptions;
  readonly #gradients: Record<string, Float32Array>;
  #sessions: Partial<Record<Session, OnnxSession>> = {};
  #optimiser: Optimiser | undefined;

  private constructor(config: TrainConfig, steps: number, options: SessionOptions, contextTokens?: number) {
    this.config = config;
    this.schedule = scheduleOf(config, steps);
    this.#options = options;
    const size = stepSize(config);
    this.#size = { ...size, contextTokens: contextTokens ?? size.contextTokens };
    this.#gradients = Object.fromEntries(
      trainedParameters(this.#size.model).map(({ name, shape }) => [
        `gradient.${name}`,
        new Float32Array(shape.reduce((a, b) => a * b, 1)),
      ]),
    );
  }

  /** Compiles the step of a run of `steps` updates; `contextTokens` is the state's, when the run goes on. */
  static async create(config: TrainConfig, steps: number, options: SessionOptions, contextTokens?: number): Promise<StepRunner> {
    const runner = new StepRunner(config, steps, options, contextTokens);
    await runner.#compile();
    runner.#optimiser = await createOptimiser(runner.size.model, config, options);
    return runner;
  }

  get size(): StepSize {
    return this.#size;
  }

  async #compile(): Promise<void> {
    const graphs: Partial<Record<Session, Parameters<typeof lowerOnnx>[0]>> = {
      accumulate: accumulate(this.#size, this.config),
    };
    if (isCoupled(this.config) && this.#size.microBatch < this.#size.batch) {
      graphs.pool = pool(this.#size);
      graphs.couple = couple(this.#size, this.config);
    }
    for (const [name, graph] of Object.entries(graphs))
      this.#sessions[name as Session] = await OnnxSession.create(lowerOnnx(graph), this.#options);
  }

  /** Masks of a step's images; recompiles when a paper-exact context is longer than any before. */
  async #masks(step: number): Promise<readonly ImageMasks[]> {
    const masks = drawMasks(this.config, this.config.seed, step, this.#size.batch, this.#size.contextTokens);
    const longest = masks[0]!.context.length;
    if (longest > this.#size.contextTokens) {
      await Promise.all(Object.values(this.#sessions).map(async (session) => session.dispose()));
      this.#sessions = {};
      this.#size = { ...this.#size, contextTokens: Math.min(tokenCount(this.#size.model), longest + 4) };
      await this.#compile();
    }
    return masks;
  }

  /** One update with the patches [batch, N, 3·P·P] of step `state.step`; moves `state` in place and counts the step. */
  async run(state: TrainState, patches: Float32Array): Promise<StepOutcome> {
    const masks = await this.#masks(state.step);
    if (this.#size.paddedContext) state.contextTokens = this.#size.contextTokens;
    const { batch, microBatch, model } = this.#size;
    const stride = microBatch * tokenCount(model) * patchValues(model);
    const cut = (at: number): Float32Array => patches.subarray((at / microBatch) * stride, (at / microBatch + 1) * stride);
    const starts = Array.from({ length: batch / microBatch }, (_, i) => i * microBatch);
    const directions = isCoupled(this.config) ? { directions: this.#directions(state.step) } : {};
    const feeds = { ...state.tensors, ...this.#gradients, ...directions };
    const coupling = this.#sessions.pool ? await this.#collect(feeds, masks, starts, cut) : undefined;

    for (const values of Object.values(this.#gradients)) values.fill(0);
    const sums: { smoothL1?: number; squaredError?: number; coupled?: number } = coupling ? { coupled: coupling.coupled } : {};
    for (const at of starts) {
      const cotangent = coupling ? { pooledCotangent: rows(coupling.pooledCotangent, at, microBatch, batch) } : {};
      const results = await this.#sessions.accumulate!.run(
        { ...feeds, ...packMasks(this.#size, masks, at), ...cotangent, patches: cut(at) },
        this.#gradients,
      );
      for (const name of ['smoothL1', 'squaredError'] as const) if (results[name]) sums[name] = (sums[name] ?? 0) + results[name][0]!;
      if (results['coupled']) sums.coupled = results['coupled'][0]!;
    }
    const schedule = scheduleInputsAt(this.schedule, this.config, state.step);
    const gradientNorm = await this.#optimiser!.step(state.tensors, this.#gradients, schedule);
    state.step++;
    const masked = (this.config.loss === 'l2' ? sums.squaredError : sums.smoothL1) ?? 0;
    return {
      loss: this.config.prediction * masked + (sums.coupled ?? 0),
      ...sums,
      gradientNorm,
      refused: !Number.isFinite(gradientNorm),
    };
  }

  /** Forward-only pass over the batch, then its loss and the cotangent of every pooled context. */
  async #collect(
    feeds: Record<string, Float32Array>,
    masks: readonly ImageMasks[],
    starts: readonly number[],
    cut: (at: number) => Float32Array,
  ): Promise<{ coupled: number; pooledCotangent: Float32Array }> {
    const { batch, microBatch, model } = this.#size;
    const pooled = new Float32Array(batch * pooledWidth(model));
    for (const at of starts) {
      const results = await this.#sessions.pool!.run({
        ...feeds,
        ...packMasks(this.#size, masks, at),
        patches: cut(at),
      });
      rows(pooled, at, microBatch, batch).set(results['pooled']!);
    }
    const results = await this.#sessions.couple!.run({ ...feeds, pooled });
    return { coupled: results['coupled']![0]!, pooledCotangent: results['pooledCotangent']! };
  }

  #directions(step: number): Float32Array {
    const random = new Random(this.config.seed, 'projection', step);
    return Float32Array.from({ length: pooledWidth(this.#size.model) * this.config.sigregProjections }, () => random.normal());
  }

  async dispose(): Promise<void> {
    await Promise.all([...Object.values(this.#sessions), this.#optimiser].map(async (one) => one?.dispose()));
  }
}

/** Rows `from` … `from + count − 1` of a matrix with `all` rows, as a view. */
function rows(values: Float32Array, from: number, count: number, all: number): Float32Array {
  const width = values.length / all;
  return values.subarray(from * width, (from + count) * width);
}
