// A graph that is only run forward, compiled for any device: encoders and what judges them.
import type { DeviceId } from '../../../shared/devices.ts';
import { graphFor, keepsState } from '../../runtime/devices.ts';
import { OnnxSession } from '../../runtime/onnx-session.ts';
import type { Values } from '../../runtime/onnx-session.ts';
import { loadTensorflow } from '../../runtime/tensorflow-binding.ts';
import { TensorflowSession } from '../../runtime/tensorflow-session.ts';
import { reachable } from '../../tensor/graph.ts';
import type { Tensor } from '../../tensor/graph.ts';
import { lowerTensorflow } from '../../tensor/lower-tensorflow.ts';
import { untiled } from '../../tensor/tiles.ts';
import type { StateTensor } from '../run-folder/state.ts';
import { allOrNone } from './all-or-none.ts';
import { ResidentWeights } from './resident-weights.ts';
import { TensorflowCrossings } from './tensorflow-crossings.ts';

export type Weights = Readonly<Record<string, Float32Array>>;
type Outputs = Readonly<Record<string, Tensor>>;

export interface ForwardOptions {
  readonly device?: DeviceId;
  /** Threads of one kernel; 0: one per core. */
  readonly threads?: number;
}

export interface ForwardPass {
  /** The weights of the calls that follow, as they are now: who changes them holds them anew. */
  hold(weights: Weights): Promise<void>;
  /** Lets go of arrays that were held: they may be those of a whole state that nobody else needs any more. */
  release(): void;
  /** `feeds` holds every input that is no weight. */
  run(feeds: Readonly<Record<string, Values>>): Promise<Record<string, Float32Array>>;
  dispose(): Promise<void>;
}

/** Bytes of weights up to which a copy of them is worth its speed: onnxruntime repacks weights that it knows will stay. */
const mostFrozenBytes = 4e8;
const bytesOf = (weights: Weights): number => Object.values(weights).reduce((total, { byteLength }) => total + byteLength, 0);

/**
 * Where encoders run in the process of a run that trains on a device: on TensorFlow too, which keeps all memory of the card that it has once
 * taken, unless it has found no card; onnxruntime makes more of the processor.
 */
export const encodingDevice = (device: DeviceId): DeviceId =>
  device === 'tensorflow' && !loadTensorflow().isUsingGpuDevice() ? 'cpu' : device;

/**
 * Compiles what `build` makes. `frozen` are the weights of every call where they are known not to change; up to `mostFrozen`
 * bytes of them are compiled in. Throws `device-failed` with the
 * library's own words, `unsupported` where the device is not there.
 */
export async function compileForward(
  build: () => Outputs,
  { device = 'cpu', threads = 0 }: ForwardOptions,
  frozen?: Weights,
  mostFrozen = mostFrozenBytes,
): Promise<ForwardPass> {
  if (device === 'tensorflow') return TensorflowForward.create(untiled(build), threads, frozen);
  const compiledIn = frozen && bytesOf(frozen) <= mostFrozen ? { weights: frozen } : {};
  const outputs = graphFor(device, build);
  const keeps = keepsState(device);
  // On WebGPU nothing but pictures and what comes of a pass should cross, and a part that ran on the processor would go unnoticed.
  const options = { device, threads, wholly: keeps };
  return allOrNone(async (made) => {
    const session = made(await OnnxSession.compile(outputs, options, compiledIn));
    if (!keeps || compiledIn.weights) return new OnnxForward(session, frozen);
    const pass = new ResidentForward(session, made(await ResidentWeights.create(weightsOf(outputs), options)), frozen);
    if (frozen) await pass.hold(frozen);
    return pass;
  });
}

/** Where weights cross at each call, unless they are compiled in. */
class OnnxForward implements ForwardPass {
  readonly #session: OnnxSession;
  readonly #frozen: Weights;
  #weights: Weights;

  constructor(session: OnnxSession, frozen: Weights = {}) {
    this.#session = session;
    this.#frozen = frozen;
    this.#weights = frozen;
  }

  async hold(weights: Weights): Promise<void> {
    this.#weights = weights;
    return Promise.resolve();
  }

  release(): void {
    this.#weights = this.#frozen;
  }

  async run(feeds: Readonly<Record<string, Values>>): Promise<Record<string, Float32Array>> {
    return this.#session.run({ ...this.#weights, ...feeds });
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}

/** Where weights stay in the device's memory until others are held, or none. */
class ResidentForward implements ForwardPass {
  readonly #session: OnnxSession;
  readonly #weights: ResidentWeights;
  readonly #frozen: Weights | undefined;
  /** What the device holds. */
  #held: Weights | undefined;

  constructor(session: OnnxSession, weights: ResidentWeights, frozen: Weights | undefined) {
    this.#session = session;
    this.#weights = weights;
    this.#frozen = frozen;
  }

  async hold(weights: Weights): Promise<void> {
    this.#held = undefined;
    await this.#weights.hold(weights);
    this.#held = weights;
  }

  release(): void {
    if (this.#held === undefined || this.#held === this.#frozen) return;
    this.#weights.release();
    this.#held = undefined;
  }

  async run(feeds: Readonly<Record<string, Values>>): Promise<Record<string, Float32Array>> {
    if (this.#held === undefined && this.#frozen) await this.hold(this.#frozen);
    const { values } = await this.#session.runOnDevice({ ...this.#weights.values, ...feeds });
    return values;
  }

  async dispose(): Promise<void> {
    await this.#weights.dispose();
    await this.#session.dispose();
  }
}

/** Parameters are named after the network that they are of: `targetEncoder.…`. */
const isWeight = (name: string): boolean => name.includes('.');

function weightsOf(outputs: Outputs): readonly StateTensor[] {
  const shapes = new Map<string, StateTensor>();
  for (const { op, attributes, outputs: made } of reachable(Object.values(outputs))) {
    const name = String(attributes['name']);
    if (op.name === 'input' && isWeight(name)) shapes.set(name, { name, shape: made[0]!.shape });
  }
  return [...shapes.values()];
}

/** Weights are variables in the device's memory, and a call is one compiled function. */
class TensorflowForward implements ForwardPass {
  readonly #session: TensorflowSession;
  readonly #crossings: TensorflowCrossings;

  private constructor(session: TensorflowSession, crossings: TensorflowCrossings) {
    this.#session = session;
    this.#crossings = crossings;
  }

  static async create(outputs: Outputs, threads: number, weights?: Weights): Promise<TensorflowForward> {
    const tensors = weightsOf(outputs);
    const crossings = new TensorflowCrossings(tensors);
    const state = Object.fromEntries(tensors.map(({ name, shape }) => [name, shape]));
    const lowered = lowerTensorflow({ ...crossings.loading, forward: { outputs } }, state);
    return allOrNone(async (made) => {
      const pass = made(new TensorflowForward(await TensorflowSession.create(lowered, { threads }), crossings));
      if (weights) await pass.hold(weights);
      return pass;
    });
  }

  async hold(weights: Weights): Promise<void> {
    await this.#crossings.load(this.#session, weights);
  }

  /** They are copies in the device's memory. */
  release(): void {}

  async run(feeds: Readonly<Record<string, Values>>): Promise<Record<string, Float32Array>> {
    return this.#session.call('forward', feeds);
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}
