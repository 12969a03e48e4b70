// A lowered graph run by TensorFlow. A call blocks its thread, so this belongs in the trainer process.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sizeOf } from '../tensor/graph.ts';
import { callOf, placeholderOf } from '../tensor/lower-tensorflow.ts';
import type { LoweredFunction, LoweredTensorflow } from '../tensor/lower-tensorflow.ts';
import { modelTag } from '../tensor/tensorflow-model.ts';
import { deviceError } from './device-error.ts';
import type { Values } from './onnx-session.ts';
import { loadTensorflow } from './tensorflow-binding.ts';
import type { BindingOptions, TensorflowBinding } from './tensorflow-binding.ts';

/** Functions with a common state. Values are row-major; names and shapes are the graphs'. */
export class TensorflowSession {
  readonly #binding: TensorflowBinding;
  readonly #functions: LoweredTensorflow['functions'];
  #model: number | undefined;

  private constructor(binding: TensorflowBinding, functions: LoweredTensorflow['functions'], model: number) {
    this.#binding = binding;
    this.#functions = functions;
    this.#model = model;
  }

  /**
   * Loads lowered functions; each is compiled when it is first called. Throws `unsupported` where TensorFlow is not installed and
   * `device-failed` with its own words.
   */
  static async create(lowered: LoweredTensorflow, options: BindingOptions = {}): Promise<TensorflowSession> {
    const binding = loadTensorflow(options);
    const folder = mkdtempSync(join(tmpdir(), 'ijepa-tensorflow-'));
    try {
      writeFileSync(join(folder, 'saved_model.pb'), lowered.bytes);
      return await Promise.resolve(new TensorflowSession(binding, lowered.functions, binding.loadSavedModel(folder, modelTag)));
    } catch (error) {
      throw deviceError(error, 'tensorflow');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Whether the functions run on a card. */
  get onGpu(): boolean {
    return this.#binding.isUsingGpuDevice();
  }

  /**
   * Calls a function. `feeds` holds every input that is no state; an output named in `into` is written to that array in place, any other
   * is returned as a new array. What the function assigns stays in the device's memory.
   */
  async call(
    name: string,
    feeds: Readonly<Record<string, Values>> = {},
    into: Readonly<Record<string, Float32Array>> = {},
  ): Promise<Record<string, Float32Array>> {
    const known = this.#functions[name];
    if (!known || this.#model === undefined) throw new TypeError(`no function '${name}'`);
    return Promise.resolve(this.#run(name, known, this.#model, feeds, into));
  }

  #run(
    name: string,
    { inputs, outputs }: LoweredFunction,
    model: number,
    feeds: Readonly<Record<string, Values>>,
    into: Readonly<Record<string, Float32Array>>,
  ): Record<string, Float32Array> {
    const binding = this.#binding;
    const given: number[] = [];
    const made: number[] = [];
    const words = inputs.map((input) => asIntegers(input.name, feeds[input.name], sizeOf(input.shape)));
    try {
      inputs.forEach(({ shape }, i) => given.push(binding.createTensor(shape, binding.TF_INT32, words[i]!)));
      const names = inputs.map((input) => placeholderOf(name, input.name)).join(',');
      const call = callOf(name);
      const fetched = outputs.length === 0 ? `${call}:0` : outputs.map((_, i) => `${call}:${i}`).join(',');
      const results = binding.runSavedModel(model, given, names, fetched);
      made.push(...results.map(({ id }) => id));
      const values: Record<string, Float32Array> = {};
      outputs.forEach(({ name: key }, i) => {
        const result = binding.tensorDataSync(results[i]!.id) as Float32Array;
        into[key]?.set(result);
        values[key] = into[key] ?? result;
      });
      return values;
    } catch (error) {
      throw deviceError(error, 'tensorflow');
    } finally {
      for (const tensor of [...given, ...made]) binding.deleteTensor(tensor);
    }
  }

  /** Frees the functions and their state. */
  async dispose(): Promise<void> {
    if (this.#model !== undefined) this.#binding.deleteSavedModel(this.#model);
    this.#model = undefined;
    return Promise.resolve();
  }
}

/** The bits of an input's values, which the graph reads as what they are. */
function asIntegers(name: string, values: Values | undefined, size: number): Int32Array {
  if (!values) throw new TypeError(`input '${name}' is missing`);
  if (values instanceof Uint8Array || values.length !== size)
    throw new TypeError(`input '${name}' has ${values.length} values, not ${size}`);
  return values instanceof Int32Array ? values : new Int32Array(values.buffer, values.byteOffset, values.length);
}
