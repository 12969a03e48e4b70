// The step on a device whose memory keeps the state between calls: images and masks go in, losses come out, and the weights cross only
// when a checkpoint or an evaluation needs them.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { moved, squaredNorm } from '../../jepa/adamw.ts';
import { movedParameters } from '../../jepa/model.ts';
import type { ParameterSpec } from '../../jepa/model.ts';
import { accumulate, couple, crossesParts, pool } from '../../jepa/step.ts';
import type { StepSize } from '../../jepa/step.ts';
import { OnnxSession } from '../../runtime/onnx-session.ts';
import type { DeviceValue, SessionOptions } from '../../runtime/onnx-session.ts';
import { sizeOf } from '../../tensor/graph.ts';
import { input } from '../../tensor/structure.ts';
import { untiled } from '../../tensor/tiles.ts';
import type { GoOn } from '../run-control.ts';
import { inGroups, stateTensors } from '../run-folder/state.ts';
import { allOrNone } from './all-or-none.ts';
import type { Made } from './all-or-none.ts';
import type { Coupling, Feeds, OnnxStepOptions, StateArrays, StepDevice, StepLosses } from './step-device.ts';
import { lossesInTurn, lossesOf, pooledInTurn } from './step-parts.ts';

interface Sessions {
  readonly accumulate: OnnxSession;
  readonly pool?: OnnxSession;
  readonly couple?: OnnxSession;
  /** Σ g² of all gradients. */
  readonly norm: OnnxSession;
  readonly updates: readonly OnnxSession[];
  /** Copies groups of the state to arrays: the runtime has no other way from a device's buffer. */
  readonly copies: readonly { readonly names: readonly string[]; readonly session: OnnxSession }[];
}

type Graph = Parameters<typeof OnnxSession.compile>[0];

const isGradient = (key: string): boolean => key.startsWith('gradient.');

export class ResidentStep implements StepDevice {
  readonly microBatch: number;
  readonly #sessions: Sessions;
  /** Gradients that the first call is given, where it takes any: they are not read. */
  readonly #noGradients: readonly ParameterSpec[];
  #arrays: StateArrays = {};
  /** What of the state and the gradients the device holds. */
  #held: Record<string, DeviceValue> = {};
  /** Whether the arrays lag behind. */
  #moved = false;

  private constructor(microBatch: number, sessions: Sessions, noGradients: readonly ParameterSpec[]) {
    this.microBatch = microBatch;
    this.#sessions = sessions;
    this.#noGradients = noGradients;
  }

  static async create(size: StepSize, config: TrainConfig, options: OnnxStepOptions): Promise<ResidentStep> {
    return allOrNone(async (made) => ResidentStep.#compiled(size, config, options, made));
  }

  static async #compiled(
    size: StepSize,
    config: TrainConfig,
    { precision, ...options }: OnnxStepOptions,
    made: Made,
  ): Promise<ResidentStep> {
    const alone = size.microBatch === size.batch;
    const specs = movedParameters(size.model, config);
    // A tile is sized for a core's cache: on a card it is only another call, thousands of them for the micro-batches that fit one.
    const { pooled: _, ...step } = untiled(() => accumulate(size, config, alone ? 'alone' : 'carried', precision === 'float16'));
    const products = precision && { precision };
    const compile = async (graph: Graph, keep?: SessionOptions['keep'], lowering?: typeof products): Promise<OnnxSession> =>
      made(await OnnxSession.compile(graph, { ...options, wholly: true, ...(keep && { keep }) }, lowering));
    const updates: OnnxSession[] = [];
    // What is moved is in the device's memory twice, with its moments and average.
    for (const group of inGroups(specs)) updates.push(await compile(moved(group, config, undefined), () => true));
    const copies: { names: string[]; session: OnnxSession }[] = [];
    for (const group of inGroups(stateTensors(size.model))) {
      const graph = Object.fromEntries(group.map(({ name, shape }) => [name, input(name, shape)]));
      copies.push({ names: group.map(({ name }) => name), session: await compile(graph) });
    }
    return new ResidentStep(
      size.microBatch,
      {
        accumulate: await compile(step, isGradient, products),
        ...(crossesParts(size, config) && {
          pool: await compile(pool(size, config), undefined, products),
          couple: await compile(untiled(() => couple(size, config))),
        }),
        norm: await compile({ squared: squaredNorm(specs) }),
        updates,
        copies,
      },
      alone ? [] : specs,
    );
  }

  async load(state: StateArrays): Promise<void> {
    this.#release();
    this.#arrays = state;
    this.#moved = false;
    return Promise.resolve();
  }

  #release(): void {
    for (const value of Object.values(this.#held)) value.dispose();
    this.#held = {};
  }

  /** Keeps new values in the place of those of the same names. */
  #hold(values: Readonly<Record<string, DeviceValue>>): void {
    for (const [name, value] of Object.entries(values)) {
      this.#held[name]?.dispose();
      this.#held[name] = value;
    }
  }

  async accumulate(parts: readonly Feeds[], goOn?: GoOn): Promise<StepLosses> {
    return lossesInTurn(parts, async (feeds, first) => this.#accumulate(feeds, first), goOn);
  }

  async #accumulate(feeds: Feeds, first: boolean): Promise<StepLosses> {
    const unread = Object.fromEntries(
      this.#noGradients
        .filter(({ name }) => !this.#held[`gradient.${name}`])
        .map(({ name, shape }) => [`gradient.${name}`, new Float32Array(sizeOf(shape))]),
    );
    const carry = Float32Array.of(first ? 0 : 1);
    const { values, kept } = await this.#sessions.accumulate.runOnDevice({ ...this.#arrays, ...unread, ...this.#held, ...feeds, carry });
    this.#hold(kept);
    return lossesOf(values);
  }

  async pool(parts: readonly Feeds[], goOn?: GoOn): Promise<Float32Array> {
    const one = async (feeds: Feeds): Promise<Float32Array> => {
      const { values } = await this.#sessions.pool!.runOnDevice({ ...this.#arrays, ...this.#held, ...feeds });
      return values['pooled']!;
    };
    return pooledInTurn(parts, one, goOn);
  }

  async couple(feeds: Feeds): Promise<Coupling> {
    const { coupled, pooledCotangent } = await this.#sessions.couple!.run(feeds);
    return { coupled: coupled![0]!, pooledCotangent: pooledCotangent! };
  }

  async update(schedule: Parameters<StepDevice['update']>[0]): Promise<number> {
    const { values } = await this.#sessions.norm.runOnDevice(this.#held);
    const norm = Math.sqrt(values['squared']![0]!);
    if (!Number.isFinite(norm)) return norm;
    for (const session of this.#sessions.updates) {
      const { kept } = await session.runOnDevice({ ...this.#arrays, ...this.#held, ...schedule });
      this.#hold(kept);
    }
    this.#moved = true;
    return norm;
  }

  get isHome(): boolean {
    return !this.#moved;
  }

  async save(): Promise<void> {
    if (!this.#moved) return;
    for (const { names, session } of this.#sessions.copies) {
      if (names.every((name) => !this.#held[name])) continue;
      const { values } = await session.runOnDevice({ ...this.#arrays, ...this.#held });
      for (const name of names) this.#arrays[name]!.set(values[name]!);
    }
    this.#moved = false;
  }

  async dispose(): Promise<void> {
    this.#release();
    const { updates, copies, ...others } = this.#sessions;
    const all = [...Object.values(others), ...updates, ...copies.map(({ session }) => session)];
    for (const session of all) await (session as OnnxSession).dispose();
  }
}
