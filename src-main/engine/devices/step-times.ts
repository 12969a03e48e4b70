// How long a training step takes on a device here: what was timed, and what follows from it for runs of other sizes.
import type { TrainConfig } from '../../../shared/config-table.ts';
import type { DeviceId } from '../../../shared/devices.ts';
import { stepOperations } from '../../training/step-operations.ts';
import { stepSize } from '../../training/step-size.ts';
import type { DeviceFile } from './device-file.ts';

type Times = Pick<DeviceFile, 'races' | 'rates'>;

export interface KnownTime {
  /** Of a step. */
  readonly seconds: number;
  /** Whether a step of these very sizes was timed; else it follows from steps of other sizes, which may be off by half. */
  readonly timed: boolean;
}

/** What the speed of a step depends on. */
export function raceKey(config: TrainConfig): string {
  const { model, ...sizes } = stepSize(config);
  const { prediction, agreementBy, optimiser, projectorWidth, sigregProjections, precision } = config;
  return JSON.stringify({
    ...model,
    ...sizes,
    prediction: prediction > 0,
    agreementBy,
    optimiser,
    projectorWidth,
    sigregProjections,
    precision,
  });
}

const operationsOf = (config: TrainConfig): number => stepOperations(stepSize(config), config);

/** With what a trial has timed: for runs of these sizes, and as the rate of the device. What did not end tells nothing. */
export function withTrial<T extends Times>(known: T, device: DeviceId, config: TrainConfig, seconds: number): T {
  if (!Number.isFinite(seconds)) return known;
  const key = raceKey(config);
  return withPace({ ...known, races: { ...known.races, [key]: { ...known.races[key], [device]: seconds } } }, device, config, seconds);
}

/** With what a run has taken for a step, reading and judging counted in: no trial of its sizes, which devices are compared by. */
export const withPace = <T extends Times>(known: T, device: DeviceId, config: TrainConfig, seconds: number): T => ({
  ...known,
  rates: { ...known.rates, [device]: operationsOf(config) / seconds },
});

/** Undefined while nothing was ever timed on the device. */
export function stepTime({ races, rates }: Times, device: DeviceId, config: TrainConfig): KnownTime | undefined {
  const timed = races[raceKey(config)]?.[device];
  if (timed !== undefined) return { seconds: timed, timed: true };
  const rate = rates[device];
  return rate === undefined ? undefined : { seconds: operationsOf(config) / rate, timed: false };
}
