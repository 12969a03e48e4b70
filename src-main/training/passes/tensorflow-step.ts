// The step on TensorFlow: weights, moments, target and running gradients are variables of one SavedModel, and each call is one compiled
// function. Images and masks go in, losses come out; the weights cross only when a checkpoint or an evaluation needs them.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { moved, squaredNorm } from '../../jepa/adamw.ts';
import { movedParameters } from '../../jepa/model.ts';
import { accumulate, couple, crossesParts, pool } from '../../jepa/step.ts';
import type { StepSize } from '../../jepa/step.ts';
import type { BindingOptions } from '../../runtime/tensorflow-binding.ts';
import { TensorflowSession } from '../../runtime/tensorflow-session.ts';
import type { TensorflowPrecision } from '../../tensor/graph.ts';
import { lowerTensorflow } from '../../tensor/lower-tensorflow.ts';
import type { FunctionSource } from '../../tensor/lower-tensorflow.ts';
import { constant, expand } from '../../tensor/structure.ts';
import { untiled } from '../../tensor/tiles.ts';
import type { GoOn } from '../run-control.ts';
import { stateTensors } from '../run-folder/state.ts';
import type { StateTensor } from '../run-folder/state.ts';
import type { Coupling, Feeds, StateArrays, StepDevice, StepLosses } from './step-device.ts';
import { lossesInTurn, lossesOf, pooledInTurn } from './step-parts.ts';
import { TensorflowCrossings } from './tensorflow-crossings.ts';

export interface TensorflowStepOptions extends BindingOptions {
  /** Of the matrix products of the networks: with `bfloat16` the weights, moments and every sum stay float32. */
  readonly precision?: TensorflowPrecision;
}

/** Zeros for the gradients: a function is compiled once more for variables that hold something by then. */
const zeros = (gradients: readonly StateTensor[]): FunctionSource => ({
  outputs: Object.fromEntries(
    gradients.map(({ name, shape }) => {
      const one = constant(
        new Float32Array(1),
        shape.map(() => 1),
      );
      return [name, expand(one, shape)];
    }),
  ),
});

export class TensorflowStep implements StepDevice {
  readonly microBatch: number;
  readonly #session: TensorflowSession;
  readonly #crossings: TensorflowCrossings;
  #arrays: StateArrays = {};
  /** Whether the arrays lag behind. */
  #moved = false;

  private constructor(microBatch: number, session: TensorflowSession, crossings: TensorflowCrossings) {
    this.microBatch = microBatch;
    this.#session = session;
    this.#crossings = crossings;
  }

  static async create(
    size: StepSize,
    config: TrainConfig,
    { precision = 'float32', ...options }: TensorflowStepOptions,
  ): Promise<TensorflowStep> {
    const alone = size.microBatch === size.batch;
    const specs = movedParameters(size.model, config);
    const gradients = specs.map(({ name, shape }) => ({ name: `gradient.${name}`, shape }));
    const tensors = stateTensors(size.model);
    const crossings = new TensorflowCrossings(tensors);
    const lowered = untiled(() => {
      const { pooled: _, ...step } = accumulate(size, config, alone ? 'alone' : 'carried');
      return lowerTensorflow(
        {
          ...crossings.loading,
          ...crossings.saving,
          accumulate: { outputs: step, precision },
          zeros: zeros(gradients),
          ...(crossesParts(size, config) && {
            pool: { outputs: pool(size, config), precision },
            couple: { outputs: couple(size, config) },
          }),
          norm: { outputs: { squared: squaredNorm(specs) } },
          update: { outputs: moved(specs, config, undefined) },
        },
        Object.fromEntries([...tensors, ...gradients].map(({ name, shape }) => [name, shape])),
      );
    });
    return new TensorflowStep(size.microBatch, await TensorflowSession.create(lowered, options), crossings);
  }

  async load(state: StateArrays): Promise<void> {
    await this.#crossings.load(this.#session, state);
    await this.#session.call('zeros');
    this.#arrays = state;
    this.#moved = false;
  }

  async accumulate(parts: readonly Feeds[], goOn?: GoOn): Promise<StepLosses> {
    const one = async (feeds: Feeds, first: boolean): Promise<StepLosses> =>
      lossesOf(await this.#session.call('accumulate', { ...feeds, carry: Float32Array.of(first ? 0 : 1) }));
    return lossesInTurn(parts, one, goOn);
  }

  async pool(parts: readonly Feeds[], goOn?: GoOn): Promise<Float32Array> {
    return pooledInTurn(parts, async (feeds) => (await this.#session.call('pool', feeds))['pooled']!, goOn);
  }

  async couple(feeds: Feeds): Promise<Coupling> {
    const { coupled, pooledCotangent } = await this.#session.call('couple', feeds);
    return { coupled: coupled![0]!, pooledCotangent: pooledCotangent! };
  }

  async update(schedule: Parameters<StepDevice['update']>[0]): Promise<number> {
    const norm = Math.sqrt((await this.#session.call('norm'))['squared']![0]!);
    if (Number.isFinite(norm)) {
      this.#moved = true;
      await this.#session.call('update', schedule);
    }
    return norm;
  }

  get isHome(): boolean {
    return !this.#moved;
  }

  async save(): Promise<void> {
    if (!this.#moved) return;
    await this.#crossings.save(this.#session, this.#arrays);
    this.#moved = false;
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}
