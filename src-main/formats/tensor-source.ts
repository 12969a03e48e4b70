// What every reader of weights offers: names with types and shapes at once, values on demand.
import type { StoredTensor } from './safetensors.ts';

export interface TensorSource {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Row-major float32, a new array. Throws `bad-checkpoint` when it is absent, damaged, or of another shape than the one given. */
  readFloat32(name: string, shape?: readonly number[]): Float32Array<ArrayBuffer>;
  dispose(): void;
}
