// The step where arrays cross to the device at each call anyway (the CPU above all): state and gradients are arrays of this process,
// written in place, and the update is a kernel of its own.
import type { TrainConfig } from '../../shared/config-table.ts';
import { movedParameters } from '../jepa/model.ts';
import type { ParameterSpec } from '../jepa/model.ts';
import { accumulate, couple, isCoupled, pool } from '../jepa/step.ts';
import type { StepSize } from '../jepa/step.ts';
import { OnnxSession } from '../runtime/onnx-session.ts';
import type { OnnxPrecision } from '../tensor/graph.ts';
import { kernelOptimiser } from './optimiser.ts';
import type { Optimiser } from './optimiser.ts';
import type { Coupling, Feeds, OnnxStepOptions, StateArrays, StepDevice, StepLosses } from './step-device.ts';

interface Sessions {
  readonly accumulate: OnnxSession;
  readonly pool?: OnnxSession;
  readonly couple?: OnnxSession;
}

export class HostStep implements StepDevice {
  readonly #sessions: Sessions;
  readonly #optimiser: Optimiser;
  readonly #gradients: Record<string, Float32Array>;
  #state: StateArrays = {};
  #updating = false;

  private constructor(moved: readonly ParameterSpec[], sessions: Sessions, optimiser: Optimiser) {
    this.#sessions = sessions;
    this.#optimiser = optimiser;
    this.#gradients = Object.fromEntries(
      moved.map(({ name, shape }) => [`gradient.${name}`, new Float32Array(shape.reduce((a, b) => a * b, 1))]),
    );
  }

  static async create(size: StepSize, config: TrainConfig, options: OnnxStepOptions): Promise<HostStep> {
    const { precision, ...session } = options;
    const compile = async (graph: Parameters<typeof OnnxSession.compile>[0], products?: OnnxPrecision): Promise<OnnxSession> =>
      OnnxSession.compile(graph, session, products && { precision: products });
    const sessions = {
      accumulate: await compile(accumulate(size, config, 'added', precision === 'float16'), precision),
      ...(isCoupled(config) &&
        size.microBatch < size.batch && {
          pool: await compile(pool(size, config), precision),
          couple: await compile(couple(size, config)),
        }),
    };
    const moved = movedParameters(size.model, config);
    return new HostStep(moved, sessions, await kernelOptimiser(moved, config, session));
  }

  async load(state: StateArrays): Promise<void> {
    this.#state = state;
    this.#updating = false;
    return Promise.resolve();
  }

  async accumulate(feeds: Feeds, first: boolean): Promise<StepLosses> {
    if (first) for (const values of Object.values(this.#gradients)) values.fill(0);
    const results = await this.#sessions.accumulate.run({ ...this.#state, ...this.#gradients, ...feeds }, this.#gradients);
    return lossesOf(results);
  }

  async pool(feeds: Feeds): Promise<Float32Array> {
    return (await this.#sessions.pool!.run({ ...this.#state, ...feeds }))['pooled']!;
  }

  async couple(feeds: Feeds): Promise<Coupling> {
    const { coupled, pooledCotangent } = await this.#sessions.couple!.run(feeds);
    return { coupled: coupled![0]!, pooledCotangent: pooledCotangent! };
  }

  async update(schedule: Parameters<StepDevice['update']>[0]): Promise<number> {
    // Where it fails half way, some of the moments have moved.
    this.#updating = true;
    const norm = await this.#optimiser.step(this.#state, this.#gradients, schedule);
    this.#updating = false;
    return norm;
  }

  /** The arrays are the state. */
  get isHome(): boolean {
    return !this.#updating;
  }

  async save(): Promise<void> {
    return Promise.resolve();
  }

  async dispose(): Promise<void> {
    await Promise.all([...Object.values(this.#sessions), this.#optimiser].map(async (one) => (one as OnnxSession).dispose()));
  }
}

/** The losses among the outputs of `accumulate`. */
export function lossesOf(results: Readonly<Record<string, Float32Array>>): StepLosses {
  const losses: StepLosses = {};
  for (const name of ['smoothL1', 'squaredError', 'coupled'] as const) if (results[name]) losses[name] = results[name][0]!;
  return losses;
}
