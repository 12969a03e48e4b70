// How arrays become variables of TensorFlow and come back, in groups, as what crosses is in the card's memory twice for a moment.
import type { TensorflowSession } from '../../runtime/tensorflow-session.ts';
import type { FunctionSource } from '../../tensor/lower-tensorflow.ts';
import { input } from '../../tensor/structure.ts';
import { inGroups } from '../run-folder/state.ts';
import type { StateTensor } from '../run-folder/state.ts';
import type { StateArrays } from './step-device.ts';

type Functions = Record<string, FunctionSource>;
const given = (name: string): string => `given.${name}`;

export class TensorflowCrossings {
  readonly #groups: readonly (readonly StateTensor[])[];

  constructor(tensors: readonly StateTensor[]) {
    this.#groups = inGroups(tensors);
  }

  /** Functions that fill the variables. */
  get loading(): Functions {
    return Object.fromEntries(
      this.#groups.map((group, i) => [
        `load${i}`,
        { outputs: Object.fromEntries(group.map(({ name, shape }) => [name, input(given(name), shape)])) },
      ]),
    );
  }

  /** Functions that return them. */
  get saving(): Functions {
    return Object.fromEntries(
      this.#groups.map((group, i) => [
        `save${i}`,
        { outputs: Object.fromEntries(group.map(({ name, shape }) => [given(name), input(name, shape)])), compiled: false },
      ]),
    );
  }

  async load(session: TensorflowSession, arrays: StateArrays): Promise<void> {
    for (const [i, group] of this.#groups.entries())
      await session.call(`load${i}`, Object.fromEntries(group.map(({ name }) => [given(name), arrays[name]!])));
  }

  /** Writes the variables into the arrays. */
  async save(session: TensorflowSession, arrays: StateArrays): Promise<void> {
    for (const [i, group] of this.#groups.entries())
      await session.call(`save${i}`, {}, Object.fromEntries(group.map(({ name }) => [given(name), arrays[name]!])));
  }
}
