// The step where arrays cross to the device at each call anyway (the CPU above all): state and gradients are arrays of this process,
// written in place, and the update is a kernel of its own.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { movedParameters } from '../../jepa/model.ts';
import { muonMatrices } from '../../jepa/muon.ts';
import type { StepSize } from '../../jepa/step.ts';
import type { GoOn } from '../run-control.ts';
import { arraysOf } from '../run-folder/state.ts';
import { allOrNone } from './all-or-none.ts';
import { CoupledLoss } from './coupled-loss.ts';
import { HostPass } from './host-pass.ts';
import { MuonSession } from './muon-session.ts';
import { kernelOptimiser, optimise } from './optimiser.ts';
import type { Optimiser } from './optimiser.ts';
import type { Coupling, Feeds, OnnxStepOptions, StateArrays, StepDevice, StepLosses } from './step-device.ts';
import { lossesInTurn, pooledInTurn } from './step-parts.ts';

export class HostStep implements StepDevice {
  readonly microBatch: number;
  readonly #pass: HostPass;
  readonly #coupled: CoupledLoss | undefined;
  readonly #optimiser: Optimiser;
  readonly #gradients: Record<string, Float32Array>;
  #state: StateArrays = {};
  #updating = false;

  private constructor(
    microBatch: number,
    pass: HostPass,
    coupled: CoupledLoss | undefined,
    optimiser: Optimiser,
    gradients: Record<string, Float32Array>,
  ) {
    this.microBatch = microBatch;
    this.#pass = pass;
    this.#coupled = coupled;
    this.#optimiser = optimiser;
    this.#gradients = gradients;
  }

  static async create(size: StepSize, config: TrainConfig, options: OnnxStepOptions): Promise<HostStep> {
    const { precision: _, ...session } = options;
    const moved = movedParameters(size.model, config);
    return allOrNone(
      async (made) =>
        new HostStep(
          size.microBatch,
          made(await HostPass.create(size, config, options)),
          made(await CoupledLoss.create(size, config, options)),
          kernelOptimiser(moved, config, made(await MuonSession.create(muonMatrices(moved, config), session))),
          arraysOf(moved, 'gradient'),
        ),
    );
  }

  async load(state: StateArrays): Promise<void> {
    this.#state = state;
    this.#updating = false;
    return Promise.resolve();
  }

  async accumulate(parts: readonly Feeds[], goOn?: GoOn): Promise<StepLosses> {
    return lossesInTurn(parts, async (feeds, first) => this.#pass.accumulate(this.#state, this.#gradients, feeds, first), goOn);
  }

  async pool(parts: readonly Feeds[], goOn?: GoOn): Promise<Float32Array> {
    return pooledInTurn(parts, async (feeds) => this.#pass.pool(this.#state, feeds), goOn);
  }

  async couple(feeds: Feeds): Promise<Coupling> {
    return this.#coupled!.of(feeds);
  }

  async update(schedule: Parameters<StepDevice['update']>[0]): Promise<number> {
    // Where it fails half way, some of the moments have moved.
    this.#updating = true;
    const norm = await optimise(this.#optimiser, this.#state, this.#gradients, schedule);
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
    await Promise.all([this.#pass, this.#coupled, this.#optimiser].map(async (one) => one?.dispose()));
  }
}
