// The loss over a batch whose parts were encoded one by one, and what it says of each pooled context, on the CPU.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { couple, crossesParts } from '../../jepa/step.ts';
import type { StepSize } from '../../jepa/step.ts';
import { graphFor } from '../../runtime/devices.ts';
import { OnnxSession } from '../../runtime/onnx-session.ts';
import type { Coupling, Feeds, OnnxStepOptions } from './step-device.ts';

export class CoupledLoss {
  readonly #session: OnnxSession;

  private constructor(session: OnnxSession) {
    this.#session = session;
  }

  /** Nothing where no loss looks at crops of several parts. */
  static async create(size: StepSize, config: TrainConfig, options: OnnxStepOptions): Promise<CoupledLoss | undefined> {
    if (!crossesParts(size, config)) return undefined;
    const { precision: _, ...session } = options;
    return new CoupledLoss(
      await OnnxSession.compile(
        graphFor(session.device ?? 'cpu', () => couple(size, config)),
        session,
      ),
    );
  }

  /** Feeds `pooled` [batch, width] and `directions`. */
  async of(feeds: Feeds): Promise<Coupling> {
    const { coupled, pooledCotangent } = await this.#session.run(feeds);
    return { coupled: coupled![0]!, pooledCotangent: pooledCotangent! };
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}
