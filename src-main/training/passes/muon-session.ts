// Directions of Muon, compiled for the CPU.
import type { ParameterSpec } from '../../jepa/model.ts';
import { muonDirections } from '../../jepa/muon.ts';
import { OnnxSession } from '../../runtime/onnx-session.ts';
import type { SessionOptions } from '../../runtime/onnx-session.ts';
import { arraysOf } from '../run-folder/state.ts';

export type Arrays = Readonly<Record<string, Float32Array>>;

export class MuonSession {
  readonly #session: OnnxSession;
  readonly #directions: Record<string, Float32Array>;

  private constructor(session: OnnxSession, directions: Record<string, Float32Array>) {
    this.#session = session;
    this.#directions = directions;
  }

  /** Of these matrices; nothing where there are none. */
  static async create(matrices: readonly ParameterSpec[], options: SessionOptions): Promise<MuonSession | undefined> {
    if (matrices.length === 0) return undefined;
    return new MuonSession(await OnnxSession.compile(muonDirections(matrices), options), arraysOf(matrices, 'direction'));
  }

  /** From `gradient.*` and `moment1.*`, which it moves in place; returns `direction.*`, which the next call overwrites. */
  async of(gradients: Arrays, state: Arrays): Promise<Arrays> {
    await this.#session.run({ ...gradients, ...state }, { ...this.#directions, ...state });
    return this.#directions;
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}
