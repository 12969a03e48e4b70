// What a device does of a step. Masks, micro-batches and schedules are the step runner's; where weights, moments, target and running
// gradients live between the calls is the device's.
import type { ScheduleInput } from '../../jepa/adamw.ts';
import type { SessionOptions, Values } from '../../runtime/onnx-session.ts';
import type { OnnxPrecision } from '../../tensor/graph.ts';
import type { GoOn } from '../run-control.ts';

/** How onnxruntime compiles a step. */
export interface OnnxStepOptions extends Omit<SessionOptions, 'wholly' | 'keep'> {
  /** Of the matrix products of the networks: with `float16` weights, moments and every sum stay float32, and feeds have a `lossScale`. */
  readonly precision?: OnnxPrecision;
}

/** Of a micro-batch; those that the objective has. */
export type StepLosses = Partial<Record<'smoothL1' | 'squaredError' | 'coupled', number>>;

export interface Coupling {
  readonly coupled: number;
  /** [batch, width of the pooled context] */
  readonly pooledCotangent: Float32Array;
}

/** Parameters, moments and target encoder by name. */
export type StateArrays = Record<string, Float32Array>;
export type Feeds = Readonly<Record<string, Values>>;

/**
 * A step compiled for a device. Every call may throw `device-failed` or `out-of-memory`; the arrays last saved are intact then. One call
 * at a time.
 */
export interface StepDevice {
  /** Images of what it is fed with: those of a micro-batch, or of each of the equal parts that it computes side by side. */
  readonly microBatch: number;
  /** Takes the state over; from here on the arrays may lag behind until `save`. */
  load(state: StateArrays): Promise<void>;
  /** The running gradients of a batch, of which `parts` are all feeds in order, and its losses. `goOn` is asked between parts that are computed in turn; where it rejects, nothing has moved. */
  accumulate(parts: readonly Feeds[], goOn?: GoOn): Promise<StepLosses>;
  /** Pooled contexts of a batch [batch, width], forward only. Only where a loss looks at crops of several parts. */
  pool(parts: readonly Feeds[], goOn?: GoOn): Promise<Float32Array>;
  /** The loss over the whole batch and its cotangent; feeds `pooled` [batch, width] and `directions`. */
  couple(feeds: Feeds): Promise<Coupling>;
  /** Moves the state by the running gradients; returns their norm. Where that is not finite, nothing has moved. */
  update(schedule: Readonly<Record<ScheduleInput, Float32Array>>): Promise<number>;
  /** Whether the arrays that were loaded are the state as it is. */
  readonly isHome: boolean;
  /** Brings the state home: into the arrays that were loaded. */
  save(): Promise<void>;
  dispose(): Promise<void>;
}
