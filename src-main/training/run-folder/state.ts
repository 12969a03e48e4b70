// Everything a run needs to go on: weights, target, moments and the step. Plain arrays by name, written to in place.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { encoderParameters, initialWeights, modelSize, targetParameters, trainedParameters } from '../../jepa/model.ts';
import type { ModelSize } from '../../jepa/model.ts';
import { sizeOf } from '../../tensor/graph.ts';

export interface TrainState {
  /** Updates done. */
  step: number;
  /** `contextEncoder.*`, `predictor.*`, `targetEncoder.*`, `moment1.*`, `moment2.*`. */
  readonly tensors: Record<string, Float32Array>;
  /** Context length that a paper-exact step is compiled for by now: other padding would give other last bits. */
  contextTokens?: number;
}

export interface StateTensor {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Names and shapes of all tensors of a state, in the order in which they are stored. */
export function stateTensors(size: ModelSize): readonly StateTensor[] {
  const trained = trainedParameters(size);
  const moments = (kind: string): StateTensor[] => trained.map(({ name, shape }) => ({ name: `${kind}.${name}`, shape }));
  return [...trained, ...targetParameters(size), ...moments('moment1'), ...moments('moment2')].map(({ name, shape }) => ({ name, shape }));
}

/** Arrays of zeros under `${kind}.${name}`; `shared` ones are the same memory for every thread. */
export const arraysOf = (
  specs: readonly StateTensor[],
  kind?: 'gradient' | 'direction',
  shared = false,
): Record<string, Float32Array<ArrayBufferLike>> =>
  Object.fromEntries(
    specs.map(({ name, shape }) => {
      const count = sizeOf(shape);
      return [kind ? `${kind}.${name}` : name, shared ? new Float32Array(new SharedArrayBuffer(4 * count)) : new Float32Array(count)];
    }),
  );

/** Bytes of tensors that a device takes at a time, where what it takes is in its memory twice. */
export const groupBytes = 64e6;

/** Consecutive items of at most `groupBytes` together, at least one in each group. */
export function inGroups<T extends Pick<StateTensor, 'shape'>>(items: readonly T[]): readonly (readonly T[])[] {
  const groups: T[][] = [];
  let room = 0;
  for (const item of items) {
    const bytes = 4 * sizeOf(item.shape);
    if (groups.length === 0 || bytes > room) {
      groups.push([]);
      room = groupBytes;
    }
    groups.at(-1)!.push(item);
    room -= bytes;
  }
  return groups;
}

/** The state of a run before its first step, a pure function of the configuration. */
export function initialState(config: TrainConfig): TrainState {
  const size = modelSize(config);
  const tensors: Record<string, Float32Array> = initialWeights(size, config.seed);
  for (const { name, shape } of stateTensors(size)) tensors[name] ??= new Float32Array(shape.reduce((a, b) => a * b, 1));
  return { step: 0, tensors };
}

/** Whether every weight and moment is finite: of nothing else the difference to itself is 0. */
export function isFiniteState({ tensors }: TrainState): boolean {
  return Object.values(tensors).every((values) => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      sum += value - value;
    }
    return sum === 0;
  });
}

/** The weights of one encoder under the names that its graph takes. */
export function encoderWeights(
  state: TrainState,
  size: ModelSize,
  prefix: 'contextEncoder' | 'targetEncoder',
): Record<string, Float32Array> {
  return Object.fromEntries(encoderParameters(size).map(({ name }) => [`${prefix}.${name}`, state.tensors[`${prefix}.${name}`]!]));
}
