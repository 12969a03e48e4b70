// What one of several cores does of a step: some parts of the batch through forward and backward pass, then the update of some parameters.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import type { ScheduleInput } from '../../jepa/adamw.ts';
import type { ParameterSpec } from '../../jepa/model.ts';
import { muonMatrices } from '../../jepa/muon.ts';
import type { StepSize } from '../../jepa/step.ts';
import { HostPass } from './host-pass.ts';
import { MuonSession } from './muon-session.ts';
import { kernelOptimiser } from './optimiser.ts';
import type { Optimiser } from './optimiser.ts';
import type { Feeds, OnnxStepOptions, StateArrays, StepLosses } from './step-device.ts';
import { lossesInTurn, pooledInTurn } from './step-parts.ts';

/** All arrays are shared among the cores. */
export interface ShareSettings {
  /** Of its passes. */
  readonly size: StepSize;
  readonly config: TrainConfig;
  readonly options: OnnxStepOptions;
  readonly state: StateArrays;
  /** Which of the cores it is, and the gradients of each of them. */
  readonly index: number;
  readonly gradients: readonly Record<string, Float32Array>[];
  /** The parameters that it updates. */
  readonly parameters: readonly ParameterSpec[];
}

/** What is asked of every core, and its answer. */
export interface ShareCalls {
  /** The gradients of its parts of a batch, and their losses. */
  readonly accumulate: { readonly ask: readonly Feeds[]; readonly answer: StepLosses };
  /** The pooled contexts of its parts. */
  readonly pool: { readonly ask: readonly Feeds[]; readonly answer: Float32Array };
  /** Adds the gradients of all cores up, of its own parameters, and returns the sum of their squares. */
  readonly gather: { readonly ask: undefined; readonly answer: number };
  /** Moves its own parameters. */
  readonly move: { readonly ask: Readonly<Record<ScheduleInput, Float32Array>>; readonly answer: undefined };
}

export class StepShare {
  readonly pass: HostPass;
  readonly #settings: ShareSettings;
  readonly #optimiser: Optimiser;

  private constructor(settings: ShareSettings, pass: HostPass, optimiser: Optimiser) {
    this.#settings = settings;
    this.pass = pass;
    this.#optimiser = optimiser;
  }

  static async create(settings: ShareSettings): Promise<StepShare> {
    const { size, config, options, parameters } = settings;
    const { precision: _, ...session } = options;
    const pass = await HostPass.create(size, config, options);
    try {
      const muon = await MuonSession.create(muonMatrices(parameters, config), session);
      return new StepShare(settings, pass, kernelOptimiser(parameters, config, muon));
    } catch (error) {
      await pass.dispose();
      throw error;
    }
  }

  /** The gradients of a batch once they are gathered. */
  get #sums(): Record<string, Float32Array> {
    return this.#settings.gradients[0]!;
  }

  readonly #calls: { readonly [K in keyof ShareCalls]: (ask: ShareCalls[K]['ask']) => Promise<ShareCalls[K]['answer']> } = {
    accumulate: async (parts) => {
      const { state, gradients, index } = this.#settings;
      return lossesInTurn(parts, async (feeds, first) => this.pass.accumulate(state, gradients[index]!, feeds, first));
    },
    pool: async (parts) => pooledInTurn(parts, async (feeds) => this.pass.pool(this.#settings.state, feeds)),
    gather: async () => {
      const others = this.#settings.gradients.slice(1);
      for (const { name } of this.#settings.parameters)
        for (const other of others) add(this.#sums[`gradient.${name}`]!, other[`gradient.${name}`]!);
      return Promise.resolve(this.#optimiser.squares(this.#sums));
    },
    move: async (schedule) => {
      await this.#optimiser.move(this.#settings.state, this.#sums, schedule);
      return undefined;
    },
  };

  async call<K extends keyof ShareCalls>(call: K, ask: ShareCalls[K]['ask']): Promise<ShareCalls[K]['answer']> {
    return this.#calls[call](ask);
  }

  async dispose(): Promise<void> {
    await this.pass.dispose();
    await this.#optimiser.dispose();
  }
}

function add(into: Float32Array, values: Float32Array): void {
  for (let i = 0; i < into.length; i++) into[i]! += values[i]!;
}
