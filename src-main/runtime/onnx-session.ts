// The only place that loads onnxruntime. `run` blocks the thread that calls it, so this belongs in the trainer process.
import * as ort from 'onnxruntime-node';
import type { OnnxDevice } from '../../shared/devices.ts';
import { AppError } from '../../shared/errors.ts';
import { lowerOnnx } from '../tensor/lower-onnx.ts';
import type { Lowered, LowerOptions } from '../tensor/lower-onnx.ts';
import { deviceError } from './device-error.ts';
import { keepFloat32, numberCardsByBus } from './devices.ts';
import { throughOptimised } from './optimised-graphs.ts';
import type { MakeSession } from './optimised-graphs.ts';

export type Values = Float32Array | Int32Array | Uint8Array;

export interface SessionOptions {
  readonly device?: OnnxDevice;
  /** Threads of one kernel; 0: one per core. */
  readonly threads?: number;
  /** Writes onnxruntime's profile (Chrome trace) to files with this prefix. */
  readonly profile?: string;
  /** Folder that keeps what the CPU's optimiser has made of graphs. Not for graphs that hold weights. */
  readonly optimised?: string;
  /** Refuses graphs of which the device would leave a part to the CPU. */
  readonly wholly?: boolean;
  /** Outputs that `runOnDevice` leaves in the device's memory, by key. */
  readonly keep?: (key: string) => boolean;
}

/** A tensor in a device's memory, to be fed to another run on it. It is there until `dispose`. */
export class DeviceValue {
  readonly tensor: ort.Tensor;

  constructor(tensor: ort.Tensor) {
    this.tensor = tensor;
  }

  dispose(): void {
    this.tensor.dispose();
  }
}

/** Devices that have no kernels for onnxruntime's own operators. */
const portableOnly: readonly OnnxDevice[] = ['webgpu', 'coreml'];

const optimisation = 'basic';

/**
 * How long threads that have done their share of a kernel look out for the next one before they sleep. Without a limit by time a step of a
 * small network took a quarter longer and a third more of the processor (README.md).
 */
const intraOp = { spin_duration_us: '200', spin_backoff_max: '1' };

/** Version of the loaded onnxruntime. */
export const runtimeVersion = (): string => ort.env.versions.node ?? ort.env.versions.common;

/** What onnxruntime says where a device's part of it, or its driver, is missing. */
function onnxError(error: unknown, device: OnnxDevice): AppError {
  const message = error instanceof Error ? error.message : String(error);
  if (/WebGPU adapter/.test(message)) {
    return new AppError(
      'unsupported',
      'WebGPU finds no graphics card that it can use.',
      'Install or update the driver of the graphics card (on Linux its Vulkan driver, and libvulkan1) and test this computer again, or train on the processor (device=cpu).',
      error,
    );
  }
  if (/AppendExecutionProvider|load shared library|backend not found/i.test(message)) {
    return new AppError(
      'unsupported',
      'The part of onnxruntime that speaks to this device is not installed.',
      'Where WebGPU is ready it uses the same graphics card without that; else train on the processor (device=cpu).',
      error,
    );
  }
  return deviceError(error, device);
}

/** A compiled graph. Values are row-major; names and shapes are the graph's. */
export class OnnxSession {
  readonly #session: ort.InferenceSession;
  readonly #lowered: Lowered;
  readonly #device: OnnxDevice;

  private constructor(session: ort.InferenceSession, lowered: Lowered, device: OnnxDevice) {
    this.#session = session;
    this.#lowered = lowered;
    this.#device = device;
  }

  /** Lowers a graph for the device and compiles it. Throws `device-failed` with onnxruntime's own words. */
  static async compile(
    outputs: Parameters<typeof lowerOnnx>[0],
    options: SessionOptions = {},
    lowering: LowerOptions = {},
  ): Promise<OnnxSession> {
    const { device = 'cpu' } = options;
    const portable = portableOnly.includes(device);
    return OnnxSession.create(lowerOnnx(outputs, { ...lowering, onProcessor: device === 'cpu', ...(portable && { portable }) }), options);
  }

  /** Compiles a lowered graph. Throws `device-failed` with onnxruntime's own words. */
  static async create(lowered: Lowered, options: SessionOptions = {}): Promise<OnnxSession> {
    const device = options.device ?? 'cpu';
    // Its provider rounds by default (`use_tf32`), and of the provider's options this binding passes on the number of the card alone.
    if (device === 'cuda') {
      keepFloat32();
      numberCardsByBus();
    }
    const make: MakeSession<ort.InferenceSession> = async (graph, how) =>
      ort.InferenceSession.create(graph, {
        executionProviders: [device],
        graphOptimizationLevel: optimisation,
        intraOpNumThreads: options.threads ?? 0,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        // A pattern of the first run would be laid out beside the arena that the run has left: half as much again, and no faster.
        enableMemPattern: false,
        // It reports which nodes it gave to the CPU as a warning; `wholly` makes that an error.
        logSeverityLevel: 3,
        extra: { session: { intra_op: intraOp, ...(options.wholly === true && { disable_cpu_ep_fallback: '1' }) } },
        ...(options.keep && { preferredOutputLocation: keptOutputs(lowered, options.keep) }),
        ...(options.profile !== undefined && { enableProfiling: true, profileFilePrefix: options.profile }),
        ...how,
      });
    try {
      const session =
        options.optimised !== undefined && device === 'cpu'
          ? await throughOptimised(options.optimised, lowered.bytes, `onnxruntime ${runtimeVersion()}, ${optimisation}`, make)
          : await make(lowered.bytes, {});
      return new OnnxSession(session, lowered, device);
    } catch (error) {
      throw onnxError(error, device);
    }
  }

  /** Names of what it must be fed. */
  get inputs(): readonly string[] {
    return this.#lowered.inputs.map(({ name }) => name);
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
    const tensors = this.#tensors(feeds, batch);
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
      throw onnxError(error, this.#device);
    }
  }

  /** Runs the graph once with inputs from this process or the device's memory. What is kept belongs to the caller. */
  async runOnDevice(feeds: Readonly<Record<string, Values | DeviceValue>>): Promise<{
    readonly values: Record<string, Float32Array>;
    readonly kept: Record<string, DeviceValue>;
  }> {
    const tensors = this.#tensors(feeds);
    try {
      const results = await this.#session.run(tensors);
      const values: Record<string, Float32Array> = {};
      const kept: Record<string, DeviceValue> = {};
      for (const { key, name } of this.#lowered.outputs) {
        const tensor = results[name]!;
        if (tensor.location === 'gpu-buffer') kept[key] = new DeviceValue(tensor);
        else values[key] = tensor.data as Float32Array;
      }
      return { values, kept };
    } catch (error) {
      throw onnxError(error, this.#device);
    }
  }

  #tensors(feeds: Readonly<Record<string, Values | DeviceValue>>, batch?: number): Record<string, ort.Tensor> {
    const tensors: Record<string, ort.Tensor> = {};
    for (const { name, type, shape } of this.#lowered.inputs) {
      const values = feeds[name];
      if (!values) throw new TypeError(`input '${name}' is missing`);
      if (values instanceof DeviceValue) {
        tensors[name] = values.tensor;
        continue;
      }
      tensors[name] = new ort.Tensor(
        type as 'float32',
        values as Float32Array,
        shape.map((size) => (typeof size === 'number' ? size : batch!)),
      );
    }
    return tensors;
  }

  async dispose(): Promise<void> {
    await this.#session.release();
  }
}

const keptOutputs = (lowered: Lowered, keep: (key: string) => boolean): Record<string, 'gpu-buffer' | 'cpu'> =>
  Object.fromEntries(lowered.outputs.map(({ key, name }) => [name, keep(key) ? 'gpu-buffer' : 'cpu']));
