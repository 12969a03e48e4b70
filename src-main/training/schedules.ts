// Learning rate, weight decay and momentum as pure functions of the step (Assran et al. 2023, appendix A; the offsets are the
// published code's: rate and decay look one step ahead, momentum does not).
import type { TrainConfig } from '../../shared/config/config-table.ts';
import { smallSteps } from '../../shared/config/config.ts';
import { shownBefore } from '../../shared/run-progress.ts';
import { biasCorrections } from '../jepa/adamw.ts';
import type { ScheduleInput } from '../jepa/adamw.ts';

export interface Schedule {
  /** Of a run whose crops are smaller before the step `until`, of `steps` in all. */
  readonly small?: { readonly until: number; readonly steps: number };
  /** Steps over which the schedules run, already stretched; rate and decay use its floor. */
  readonly length: number;
  readonly warmupSteps: number;
  readonly startLearningRate: number;
  readonly learningRate: number;
  readonly finalLearningRate: number;
  readonly weightDecay: readonly [number, number];
  readonly weightDecaySchedule: 'cosine' | 'linear';
  readonly momentum: readonly [number, number];
}

export type StepSchedule = Pick<Record<ScheduleInput, number>, 'learningRate' | 'weightDecay' | 'momentum'>;

const halfCosine = (from: number, to: number, progress: number): number => to + (from - to) * 0.5 * (1 + Math.cos(Math.PI * progress));

/**
 * How far a run is before a step, in steps: by steps the rate would have fallen to nothing when the crops become whole, and by what crops
 * show it goes on falling over both parts.
 */
function placeOf({ small }: Schedule, step: number): number {
  if (!small) return step;
  const { until, steps } = small;
  return (shownBefore(step, until) * steps) / shownBefore(steps, until);
}

/** The numbers of step 0, 1, 2, …; `momentum` is the one applied after that step's update. */
export function scheduleAt(schedule: Schedule, step: number): StepSchedule {
  const { warmupSteps, startLearningRate, learningRate, finalLearningRate, weightDecay, momentum } = schedule;
  const length = Math.floor(schedule.length);
  const t = placeOf(schedule, step + 1);
  const rising = t < warmupSteps;
  // A schedule that is shorter than the run stays at its end: past a half, a cosine would turn back.
  const fall = Math.min(1, (t - warmupSteps) / Math.max(1, length - warmupSteps));
  const rate = rising
    ? startLearningRate + (t / Math.max(1, warmupSteps)) * (learningRate - startLearningRate)
    : Math.max(finalLearningRate, halfCosine(learningRate, finalLearningRate, fall));
  const progress = Math.min(1, t / length);
  const decay =
    schedule.weightDecaySchedule === 'cosine'
      ? halfCosine(...weightDecay, progress)
      : weightDecay[0] + (weightDecay[1] - weightDecay[0]) * progress;
  const [low, high] = [Math.min(...weightDecay), Math.max(...weightDecay)];
  return {
    learningRate: rate,
    weightDecay: Math.min(high, Math.max(low, decay)),
    momentum: momentum[0] + (momentum[1] - momentum[0]) * Math.min(1, placeOf(schedule, step) / schedule.length),
  };
}

/** The schedule of a run of `steps` updates. */
export function scheduleOf(config: TrainConfig, steps: number): Schedule {
  const { scheduleScale, warmup, startLearningRate, learningRate, finalLearningRate, weightDecay, weightDecaySchedule, momentum } = config;
  const until = smallSteps(config, steps);
  return {
    ...(until > 0 && { small: { until, steps } }),
    length: scheduleScale * steps,
    warmupSteps: Math.floor(warmup * steps),
    startLearningRate,
    learningRate,
    finalLearningRate,
    weightDecay,
    weightDecaySchedule,
    momentum,
  };
}

/** Everything `update` takes as scalars, float32. */
export function scheduleInputsAt(
  schedule: Schedule,
  config: Pick<TrainConfig, 'beta1' | 'beta2'>,
  step: number,
): Record<ScheduleInput, Float32Array> {
  const corrections = (steps: number): ReturnType<typeof biasCorrections> => biasCorrections(config.beta1, config.beta2, steps);
  const predictor = corrections(Math.max(1, step + 1 - (schedule.small?.until ?? 0)));
  const values: Record<ScheduleInput, number> = {
    ...scheduleAt(schedule, step),
    ...corrections(step + 1),
    predictorCorrection1: predictor.correction1,
    predictorCorrection2: predictor.correction2,
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Float32Array.of(value)])) as Record<
    ScheduleInput,
    Float32Array
  >;
}
