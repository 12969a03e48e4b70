// How long a step of a run takes on a device.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import type { DeviceId } from '../../../shared/devices.ts';
import { AppError } from '../../../shared/errors.ts';
import { trialSteps } from '../../trainer/protocol.ts';
import { TrainerKilled } from '../../trainer/trainer.ts';
import { trialOf } from '../../training/plan/step-operations.ts';
import { lowerPriority, threadsOf } from '../threads.ts';
import { foundAwake } from './awake.ts';
import { withTrainer } from './probe-device.ts';

/** Seconds beside those of its steps that a device may take: shaders are compiled in it, or by XLA all of the step. */
const compileSeconds = (device: DeviceId): number => (device === 'tensorflow' ? 180 : 45);
/** A device that is so many times slower than the fastest so far need not end its trial. */
const farSlower = 3;
/** Seconds that the first of a race may take beside compiling. */
const mostSeconds = 180;

export interface TimedStep {
  /** Infinite where that would be far more than the fastest's, or where the steps have failed. */
  readonly seconds: number;
  /** What went wrong, as a sentence, where they have failed. */
  readonly failure?: string;
  /** Whether that was for want of memory. */
  readonly isFull?: true;
  /** Whether they were disturbed, each time that they were timed: that tells nothing of their size. */
  readonly hasSlept?: true;
}

/** Of steps that are timed while the computer falls asleep, each time: how long they take is not known. */
const asleep = 'The computer slept while its steps were timed.';

/**
 * Median seconds of a few steps on random input, in a process of its own, as far as they are not far more than `best`; timed once more where
 * the computer slept meanwhile. What is `unasked` lets everything else on the computer come first. Rejects with `cancelled` alone.
 */
export async function timeStep(...asked: Parameters<typeof timeOnce>): Promise<TimedStep> {
  const { found, hasSlept } = await foundAwake(async () => timeOnce(...asked));
  return hasSlept && !Number.isFinite(found.seconds) ? { seconds: Infinity, failure: asleep, hasSlept } : found;
}

async function timeOnce(
  device: DeviceId,
  config: TrainConfig,
  best: number | undefined,
  signal?: AbortSignal,
  unasked = false,
): Promise<TimedStep> {
  const { phases, work } = trialOf(config);
  const limit = phases * compileSeconds(device) + (best === undefined ? mostSeconds : farSlower * trialSteps * work * best);
  const job = { kind: 'trial', config, threads: threadsOf(config.threads), device } as const;
  try {
    const found = await withTrainer(
      async (trainer) => {
        const result = trainer.run(job);
        if (unasked && trainer.pid !== undefined) lowerPriority(trainer.pid);
        return result;
      },
      1000 * limit,
      signal,
    );
    return { seconds: found?.seconds ?? Infinity };
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'cancelled') throw error;
    return {
      seconds: Infinity,
      failure: error.message,
      ...((error.code === 'out-of-memory' || error instanceof TrainerKilled) && { isFull: true }),
    };
  }
}
