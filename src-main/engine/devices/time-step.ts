// How long a step of a run takes on a device.
import type { TrainConfig } from '../../../shared/config-table.ts';
import type { DeviceId } from '../../../shared/devices.ts';
import { AppError } from '../../../shared/errors.ts';
import { threadsOf } from '../threads.ts';
import { withTrainer } from './probe-device.ts';

/** Seconds beside those of its steps that a device may take: shaders are compiled in it, or by XLA all of the step. */
const compileSeconds = (device: DeviceId): number => (device === 'tensorflow' ? 180 : 45);
/** A device that is so many times slower than the processor need not end its trial. */
const farSlower = 3;
/** Steps that a trial makes. */
const trialSteps = 6;
/** What a timer can wait for at most, ms. */
const longestTimer = 2 ** 31 - 1;

/** Median seconds of a few steps on random input, in a process of its own; infinite where that would be far more than `onProcessor`. */
export async function timeStep(
  device: DeviceId,
  config: TrainConfig,
  onProcessor: number | undefined,
  signal?: AbortSignal,
): Promise<number> {
  const limit = onProcessor === undefined ? Infinity : compileSeconds(device) + farSlower * trialSteps * onProcessor;
  const job = { kind: 'trial', config, threads: threadsOf(config.threads), device } as const;
  try {
    const found = await withTrainer(async (trainer) => trainer.run(job), Math.min(longestTimer, 1000 * limit), signal);
    return found?.seconds ?? Infinity;
  } catch (error) {
    // A device that cannot take a run of this size loses; the processor must.
    if (device === 'cpu' || !(error instanceof AppError) || error.code === 'cancelled') throw error;
    return Infinity;
  }
}
