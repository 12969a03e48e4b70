// How long a person waits for the first step of a run: WebGPU compiles its shaders and TensorFlow all of the step only when they are run.
import { fileURLToPath } from 'node:url';
import type { TrainConfig } from '../shared/config/config-table.ts';
import type { DeviceId } from '../shared/devices.ts';
import { answered } from './placement.ts';
import type { Row } from './row.ts';

/** Seconds until the graphs are ready, and of the first step after that. */
export interface FirstStep {
  readonly compiling: number;
  readonly step: number;
}

const script = fileURLToPath(new URL('./peers/first-step.ts', import.meta.url));

/** Throws what the process said when it ends otherwise than well or takes longer than `limitMs`; `environment` may name a driver. */
export const firstStepOn = async (
  device: DeviceId,
  config: TrainConfig,
  limitMs: number,
  environment: NodeJS.ProcessEnv = {},
): Promise<FirstStep> => JSON.parse(await answered(script, [JSON.stringify(config), device], limitMs, environment)) as FirstStep;

/** `title` says the device and the network; no goal is set for what drivers compile. */
export function firstStepRow(title: string, { compiling, step }: FirstStep): Row {
  const total = compiling + step;
  return {
    name: `${title}, until the first step is done`,
    value: `${total.toFixed(1)} s (${compiling.toFixed(1)} s until it is compiled, ${step.toFixed(1)} s for the step)`,
    figure: total,
  };
}
