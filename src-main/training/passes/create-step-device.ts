// The step compiled for the device that a run trains on.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { reducedPrecisions } from '../../../shared/devices.ts';
import type { DeviceId, Precision } from '../../../shared/devices.ts';
import type { StepSize } from '../../jepa/step.ts';
import { keepsState } from '../../runtime/devices.ts';
import type { SessionOptions } from '../../runtime/onnx-session.ts';
import { parallelParts } from '../plan/parallel-parts.ts';
import { HostStep } from './host-step.ts';
import { ParallelStep } from './parallel-step.ts';
import { ResidentStep } from './resident-step.ts';
import type { StepDevice } from './step-device.ts';
import { TensorflowStep } from './tensorflow-step.ts';

export interface StepOptions extends Omit<SessionOptions, 'device' | 'wholly' | 'keep'> {
  readonly device?: DeviceId;
  /** Of matrix products; float32 when absent. */
  readonly precision?: Precision;
}

/** What a device makes of the wanted precision: float32 where it does not have it. */
export const precisionOn = (device: DeviceId, { precision }: Pick<TrainConfig, 'precision'>): Precision =>
  reducedPrecisions[device] === precision ? precision : 'float32';

/** Compiles a step. Throws `device-failed` where the device cannot do all of it, `unsupported` where it is not there. */
export async function createStepDevice(
  size: StepSize,
  config: TrainConfig,
  { device = 'cpu', precision, ...options }: StepOptions,
): Promise<StepDevice> {
  if (device === 'tensorflow') return TensorflowStep.create(size, config, { ...options, ...(precision === 'bfloat16' && { precision }) });
  const onnx = { ...options, device, ...(precision === 'float16' && { precision }) };
  if (keepsState(device)) return ResidentStep.create(size, config, onnx);
  const parts = device === 'cpu' && options.profile === undefined ? parallelParts(size, config, options.threads ?? 1) : undefined;
  if (parts) return ParallelStep.create(size, config, onnx, parts);
  return HostStep.create(size, config, onnx);
}
