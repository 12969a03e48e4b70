// Weights in the memory of a card, where they stay from call to call: fed as arrays they would cross the bus at each.
import { OnnxSession } from '../../runtime/onnx-session.ts';
import type { DeviceValue, SessionOptions } from '../../runtime/onnx-session.ts';
import { input } from '../../tensor/structure.ts';
import { inGroups } from '../run-folder/state.ts';
import type { StateTensor } from '../run-folder/state.ts';
import { allOrNone } from './all-or-none.ts';

export class ResidentWeights {
  /** Graphs that return what they are fed and leave it there, a group of weights each: while one runs, its group is there twice. */
  readonly #loads: readonly OnnxSession[];
  #values: Record<string, DeviceValue> = {};

  private constructor(loads: readonly OnnxSession[]) {
    this.#loads = loads;
  }

  /** Of a device that keeps what it is told to. Throws as `OnnxSession.compile` does. */
  static async create(tensors: readonly StateTensor[], options: SessionOptions): Promise<ResidentWeights> {
    return allOrNone(async (made) => {
      const loads: OnnxSession[] = [];
      for (const group of inGroups(tensors)) {
        const graph = Object.fromEntries(group.map(({ name, shape }) => [name, input(name, shape)]));
        loads.push(made(await OnnxSession.compile(graph, { ...options, wholly: true, keep: () => true })));
      }
      return new ResidentWeights(loads);
    });
  }

  /** What a call is fed in the place of arrays; none before the first `hold` and after `release`. */
  get values(): Readonly<Record<string, DeviceValue>> {
    return this.#values;
  }

  /** Copies arrays to the card, as they are now, in the place of those before. `weights` may hold others too. */
  async hold(weights: Readonly<Record<string, Float32Array>>): Promise<void> {
    this.release();
    for (const load of this.#loads) {
      const { kept } = await load.runOnDevice(weights);
      Object.assign(this.#values, kept);
    }
  }

  /** Gives the card's memory back. */
  release(): void {
    for (const value of Object.values(this.#values)) value.dispose();
    this.#values = {};
  }

  async dispose(): Promise<void> {
    this.release();
    for (const load of this.#loads) await load.dispose();
  }
}
