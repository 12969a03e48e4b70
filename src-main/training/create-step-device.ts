// The step compiled for the device that a run trains on.
import type { TrainConfig } from '../../shared/config-table.ts';
import type { StepSize } from '../jepa/step.ts';
import { keepsState } from '../runtime/devices.ts';
import type { SessionOptions } from '../runtime/onnx-session.ts';
import { HostStep } from './host-step.ts';
import { ResidentStep } from './resident-step.ts';
import type { StepDevice } from './step-device.ts';

/** Compiles a step. Throws `device-failed` where the device cannot do all of it. */
export async function createStepDevice(size: StepSize, config: TrainConfig, options: SessionOptions): Promise<StepDevice> {
  return keepsState(options.device ?? 'cpu') ? ResidentStep.create(size, config, options) : HostStep.create(size, config, options);
}
