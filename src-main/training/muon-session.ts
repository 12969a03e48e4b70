// Directions of Muon, compiled for the CPU.
import type { ParameterSpec } from '../jepa/model.ts';
import { muonDirections } from '../jepa/muon.ts';
import { OnnxSession } from '../runtime/onnx-session.ts';
import type { SessionOptions } from '../runtime/onnx-session.ts';
import { arraysOf } from './state.ts';

type Arrays = Readonly<Record<string, Float32Array>>;

/** Whatever finds the directions of a step. */
export interface Directions {
  /** From `gradient.*` and `moment1.*`, which it moves in place; returns `direction.*`, which the next call overwrites. */
  of(gradients: Arrays, state: Arrays): Promise<Arrays>;
  dispose(): Promise<void>;
}

export class MuonSession implements Directions {
  readonly #session: OnnxSession;
  readonly #directions: Record<string, Float32Array>;

  private constructor(session: OnnxSession, directions: Record<string, Float32Array>) {
    this.#session = session;
    this.#directions = directions;
  }

  /** Of these matrices, into the arrays that are given for them; nothing where there are none. */
  static async create(
    matrices: readonly ParameterSpec[],
    options: SessionOptions,
    directions = arraysOf(matrices, 'direction'),
  ): Promise<MuonSession | undefined> {
    if (matrices.length === 0) return undefined;
    return new MuonSession(await OnnxSession.compile(muonDirections(matrices), options), directions);
  }

  async of(gradients: Arrays, state: Arrays): Promise<Arrays> {
    await this.#session.run({ ...gradients, ...state }, { ...this.#directions, ...state });
    return this.#directions;
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}
