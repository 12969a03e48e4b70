// The only place that loads onnxruntime. `run` blocks the thread that calls it, so this belongs in the trainer process.
import * as ort from 'onnxruntime-node';
import { AppError } from '../../shared/errors.ts';
import type { Lowered } from '../tensor/lower-onnx.ts';

export type Device = 'cpu' | 'webgpu' | 'cuda' | 'dml' | 'coreml';
export type Values = Float32Array | Int32Array | Uint8Array;

export interface SessionOptions {
  readonly device?: Device;
  /** Threads of one kernel; 0: one per core. */
  readonly threads?: number;
  /** Writes onnxruntime's profile (Chrome trace) to files with this prefix. */
  readonly profile?: string;
}

/** Version of the loaded onnxruntime. */
export const runtimeVersion = (): string => ort.env.versions.node ?? ort.env.versions.common;

function deviceError(error: unknown): AppError {
  const message = error instanceof Error ? error.message : String(error);
  if (/alloc|memory/i.test(message)) {
    return new AppError(
      'out-of-memory',
      `The device ran out of memory: ${message}`,
      'Choose a smaller micro-batch, image size or architecture.',
      error,
    );
  }
  return new AppError(
    'device-failed',
    `The device failed: ${message}`,
    'Try again on the CPU (--device cpu); the last checkpoint is intact.',
    error,
  );
}

/** A compiled graph. Values are row-major; names and shapes are the graph's. */
export class OnnxSession {
  readonly #session: ort.InferenceSession;
  readonly #lowered: Lowered;

  private constructor(session: ort.InferenceSession, lowered: Lowered) {
    this.#session = session;
    this.#lowered = lowered;
  }

  /** Compiles a lowered graph. Throws `device-failed` with onnxruntime's own words. */
  static async create(lowered: Lowered, options: SessionOptions = {}): Promise<OnnxSession> {
    try {
      const session = await ort.InferenceSession.create(lowered.bytes, {
        executionProviders: [options.device ?? 'cpu'],
        graphOptimizationLevel: 'basic',
        intraOpNumThreads: options.threads ?? 0,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        ...(options.profile !== undefined && { enableProfiling: true, profileFilePrefix: options.profile }),
      });
      return new OnnxSession(session, lowered);
    } catch (error) {
      throw deviceError(error);
    }
  }

  /**
   * Runs the graph once. `feeds` holds every input; an output named in `into` is written to that array in place (which may be
   * an input's own array when the graph reads it element by element), any other is returned as a new array.
   */
  async run(
    feeds: Readonly<Record<string, Values>>,
    into: Readonly<Record<string, Float32Array>> = {},
    batch?: number,
  ): Promise<Record<string, Float32Array>> {
    const tensors: Record<string, ort.Tensor> = {};
    for (const { name, type, shape } of this.#lowered.inputs) {
      const values = feeds[name];
      if (!values) throw new TypeError(`input '${name}' is missing`);
      tensors[name] = new ort.Tensor(
        type as 'float32',
        values as Float32Array,
        shape.map((size) => (typeof size === 'number' ? size : batch!)),
      );
    }
    const fetches: Record<string, ort.Tensor | null> = {};
    for (const { key, name, shape } of this.#lowered.outputs) {
      const array = into[key];
      fetches[name] = array
        ? new ort.Tensor(
            'float32',
            array,
            shape.map((size) => (typeof size === 'number' ? size : batch!)),
          )
        : null;
    }
    try {
      const results = await this.#session.run(tensors, fetches);
      const values: Record<string, Float32Array> = {};
      for (const { key, name } of this.#lowered.outputs) values[key] = into[key] ?? (results[name]!.data as Float32Array);
      return values;
    } catch (error) {
      throw deviceError(error);
    }
  }

  async dispose(): Promise<void> {
    await this.#session.release();
  }
}
