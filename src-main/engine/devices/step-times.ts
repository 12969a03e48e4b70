// How long a training step of a run takes on average on a device here: what was timed, and what follows from it for runs of other sizes.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import type { DeviceId } from '../../../shared/devices.ts';
import { meanStepOperations } from '../../training/plan/step-operations.ts';
import { stepSize } from '../../training/plan/step-size.ts';
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
  const { prediction, agreement, agreementBy, optimiser, projectorWidth, sigregProjections, precision, smallFirst, contrastImages } =
    config;
  return JSON.stringify({
    ...model,
    ...sizes,
    prediction: prediction > 0,
    agreementBy,
    optimiser,
    projectorWidth,
    sigregProjections,
    precision,
    // Known times of earlier versions are of runs without.
    ...(smallFirst > 0 && { smallFirst }),
    ...(agreement > 0 && agreementBy === 'contrast' && contrastImages > 0 && { contrastImages }),
  });
}

function withRaced<T extends Times>(known: T, device: DeviceId, config: TrainConfig, seconds: number | null): T {
  const key = raceKey(config);
  return { ...known, races: { ...known.races, [key]: { ...known.races[key], [device]: seconds } } };
}

/** With what a trial has timed: for runs of these sizes, and as the rate of the device. */
export const withTrial = <T extends Times>(known: T, device: DeviceId, config: TrainConfig, seconds: number): T =>
  withPace(withRaced(known, device, config, seconds), device, config, seconds);

/** With a trial that took too long to be waited for, which would take as long the next time. */
export const withTooSlow = <T extends Times>(known: T, device: DeviceId, config: TrainConfig): T => withRaced(known, device, config, null);

/** Without how often a device has failed, and what it was timed at in races: a person has it tested anew. */
export function withoutFindings(known: DeviceFile, id: DeviceId): DeviceFile {
  const races = Object.entries(known.races).map(([key, { [id]: _forgotten, ...others }]) => [key, others] as const);
  return {
    ...known,
    reports: known.reports.map(({ failures, ...report }) =>
      failures === undefined || report.id === id ? report : { ...report, failures },
    ),
    races: Object.fromEntries(races.filter(([, others]) => Object.keys(others).length > 0)),
  };
}

/** Seconds of a step of these sizes on the devices that were raced; infinite where it took too long to be waited for. */
export function racedTimes({ races }: Pick<Times, 'races'>, config: TrainConfig): Readonly<Partial<Record<DeviceId, number>>> {
  return Object.fromEntries(Object.entries(races[raceKey(config)] ?? {}).map(([device, seconds]) => [device, seconds ?? Infinity]));
}

/** With what a run has taken for a step, reading and judging counted in: no trial of its sizes, which devices are compared by. */
export const withPace = <T extends Times>(known: T, device: DeviceId, config: TrainConfig, seconds: number): T => ({
  ...known,
  rates: { ...known.rates, [device]: meanStepOperations(config) / seconds },
});

/** Undefined while nothing was ever timed on the device. */
export function stepTime({ races, rates }: Times, device: DeviceId, config: TrainConfig): KnownTime | undefined {
  const timed = races[raceKey(config)]?.[device];
  if (typeof timed === 'number') return { seconds: timed, timed: true };
  const rate = rates[device];
  return rate === undefined ? undefined : { seconds: meanStepOperations(config) / rate, timed: false };
}
