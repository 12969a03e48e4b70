// The passes of a micro-batch on a device to which all arrays cross at each call: forward and backward, or forward alone.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { accumulate, crossesParts, pool } from '../../jepa/step.ts';
import type { Outputs, StepSize } from '../../jepa/step.ts';
import { graphFor } from '../../runtime/devices.ts';
import { OnnxSession } from '../../runtime/onnx-session.ts';
import { allOrNone } from './all-or-none.ts';
import type { Feeds, OnnxStepOptions, StateArrays, StepLosses } from './step-device.ts';
import { lossesOf } from './step-parts.ts';

export class HostPass {
  readonly #accumulate: OnnxSession;
  readonly #pool: OnnxSession | undefined;

  private constructor(forwardAndBackward: OnnxSession, forward: OnnxSession | undefined) {
    this.#accumulate = forwardAndBackward;
    this.#pool = forward;
  }

  static async create(size: StepSize, config: TrainConfig, { precision, ...session }: OnnxStepOptions): Promise<HostPass> {
    const compile = async (build: () => Outputs): Promise<OnnxSession> =>
      OnnxSession.compile(graphFor(session.device ?? 'cpu', build), session, precision && { precision });
    return allOrNone(
      async (made) =>
        new HostPass(
          made(await compile(() => accumulate(size, config, 'added', precision === 'float16'))),
          crossesParts(size, config) ? await compile(() => pool(size, config)) : undefined,
        ),
    );
  }

  /** What of the feeds it looks at. */
  needed(feeds: Feeds): Feeds {
    return Object.fromEntries(this.#accumulate.inputs.filter((name) => feeds[name]).map((name) => [name, feeds[name]!]));
  }

  /** Adds the gradients of a micro-batch to `gradients`, in place; the `first` of a batch begins them anew. */
  async accumulate(state: StateArrays, gradients: Record<string, Float32Array>, feeds: Feeds, first: boolean): Promise<StepLosses> {
    if (first) for (const values of Object.values(gradients)) values.fill(0);
    return lossesOf(await this.#accumulate.run({ ...state, ...gradients, ...feeds }, gradients));
  }

  /** Pooled contexts [B, width]; only where a loss looks at a batch of several micro-batches. */
  async pool(state: StateArrays, feeds: Feeds): Promise<Float32Array> {
    return (await this.#pool!.run({ ...state, ...feeds }))['pooled']!;
  }

  async dispose(): Promise<void> {
    await this.#accumulate.dispose();
    await this.#pool?.dispose();
  }
}
