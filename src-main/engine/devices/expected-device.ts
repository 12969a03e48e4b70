// What follows from what is known of the devices, without testing or timing any.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { deviceNames } from '../../../shared/devices.ts';
import type { DeviceId, DeviceReport, GraphicsCard } from '../../../shared/devices.ts';
import { candidates, cardOf, hasCard, isOnProcessor, noCardUsed, untested } from './candidates.ts';
import type { ReasonedDevice } from './chosen-device.ts';
import type { DeviceFile } from './device-file.ts';
import { racedTimes } from './step-times.ts';
import type { TimedStep } from './time-step.ts';

/** What a run would most likely train on, as far as that is known before anything is tested. */
export interface ExpectedDevice {
  /** Absent where a card and the processor are compared when the run begins. */
  readonly device?: DeviceId;
  /** As a sentence. */
  readonly reason: string;
  /** The card that it may be. */
  readonly card?: GraphicsCard;
  /** Another device than `cpu` that computes on the processor all the same. */
  readonly onProcessor?: true;
}

export const stepText = (seconds: number): string => (Number.isFinite(seconds) ? `${seconds.toPrecision(2)} s` : 'far slower');

/** What a step of a run takes on a device. */
export interface StepTime extends TimedStep {
  readonly device: DeviceId;
}

/** The fastest first; of those that took too long to be waited for the one that was named first. */
export const fastestFirst = (times: readonly StepTime[]): readonly StepTime[] =>
  times.toSorted((a, b) => (a.seconds === b.seconds ? 0 : a.seconds - b.seconds));

/** What came of a race, as sentences. */
export function raceReason(ranked: readonly StepTime[]): string {
  const [{ device, seconds }] = ranked as [StepTime];
  const told = ranked.map((one) => `${deviceNames[one.device]} ${one.failure === undefined ? stepText(one.seconds) : 'failed'}`).join(', ');
  const won = Number.isFinite(seconds)
    ? `${deviceNames[device]}, the fastest for this run (a step: ${told}).`
    : `${deviceNames[device]}: no device has come to the end of a few steps of this run in the time that they were given.`;
  return [won, ...ranked.flatMap((one) => (one.failure === undefined ? [] : [`${deviceNames[one.device]}: ${one.failure}`]))].join(' ');
}

/** The wanted device, or the environment's where the person leaves it open. */
export const askedDevice = (wanted: TrainConfig['device']): string =>
  wanted === 'auto' ? (process.env['IJEPA_STUDIO_DEVICE'] ?? 'auto') : wanted;

/** Whether a person or the environment names the device: where it fails no other is taken by itself. */
export const isAskedByName = (wanted: TrainConfig['device']): boolean => askedDevice(wanted) !== 'auto';

export const processorAsked = { device: 'cpu', reason: 'The processor, as asked.' } as const;
export const noCardFound = { device: 'cpu', reason: 'The processor: no graphics card was found.' } as const;
/** Of vectors and evaluations. */
export const cardTaken = {
  device: 'cpu',
  reason: 'The processor: a run, or other work of yours, is on the graphics card.',
} as const;
/** Of a run, which begins all the same. */
export const cardShared =
  'Another program of yours computes on the graphics card, too: both are slower for it, and share its memory. Pause or stop one of them, or let this run go on on the processor (device=cpu).';
export const littleWork = { device: 'cpu', reason: 'The processor: to start a graphics card takes longer than this work.' } as const;

/** What a run would train on, by the tests and races of these cards. */
export function expectedDevice(
  config: TrainConfig,
  cards: readonly GraphicsCard[],
  known: Pick<DeviceFile, 'reports' | 'races'>,
): ExpectedDevice {
  const { reports } = known;
  const asked = askedDevice(config.device);
  if (asked === 'cpu') return processorAsked;
  const reportOf = (id: DeviceId): DeviceReport | undefined => reports.find((one) => one.id === id);
  const placeFor = (id: DeviceId): Pick<ExpectedDevice, 'card' | 'onProcessor'> => {
    if (isOnProcessor(id, cards, reportOf(id))) return id === 'cpu' ? {} : { onProcessor: true };
    const card = cardOf(id, cards);
    return card ? { card } : {};
  };
  if (asked !== 'auto') {
    const device = asked as DeviceId;
    const report = reportOf(device) ?? untested(device);
    const more = report.state !== 'ready' ? ` ${report.reason}` : isOnProcessor(device, cards, report) ? ` ${noCardUsed(device)}` : '';
    return { device, reason: `${deviceNames[device] ?? device}, as asked.${more}`, ...placeFor(device) };
  }
  if (!hasCard(cards)) return noCardFound;
  const possible = candidates(cards);
  const isReady = (id: DeviceId): boolean => reportOf(id)?.state === 'ready';
  const usable = possible.filter((id) => isReady(id) || (reportOf(id)?.state ?? 'untested') === 'untested');
  if (usable.length === 0) return { device: 'cpu', reason: `The processor. ${possible.map((id) => reportOf(id)!.reason).join(' ')}` };
  const times = racedTimes(known, config);
  if (usable.every((id) => isReady(id) && times[id] !== undefined) && times.cpu !== undefined) {
    const ranked = fastestFirst((['cpu', ...usable] as const).map((device) => ({ device, seconds: times[device]! })));
    const { device } = ranked[0]!;
    return { device, reason: raceReason(ranked), ...placeFor(device) };
  }
  const { card } = placeFor(usable[0]!);
  const reason = `${card?.name ?? 'The graphics card'} or the processor: the faster one, which is found out when the run begins.`;
  return { reason, ...(card && { card }) };
}

/** Of a processor that was not measured yet, GFLOP/s. */
const usualRate = 100;
/** Seconds of work for a processor that are worth testing a graphics card: about what a test takes. */
const worthTesting = 30;
/** The same for starting one: its libraries and the first pass on it take longer than that. */
const worthStarting = 1;

/** What vectors of so many operations are worth: starting no card, taking one that is known, or testing those that are not. */
export function effortFor(operations: number, cards: readonly GraphicsCard[], reports: readonly DeviceReport[]): 'none' | 'known' | 'test' {
  const seconds = operations / (1e9 * (reports.find(({ id }) => id === 'cpu')?.matmulRate ?? usualRate));
  if (seconds < worthStarting) return 'none';
  const isTested = (id: DeviceId): boolean => reports.some((report) => report.id === id && report.state !== 'untested');
  return seconds > worthTesting && !['cpu' as const, ...candidates(cards)].every(isTested) ? 'test' : 'known';
}

/** Times the processor's rate that makes a card worth its transfers. */
const muchFaster = 2;

const notTried = (id: DeviceId): DeviceReport => ({
  id,
  state: 'untested',
  reason: `${deviceNames[id]} is still to be tested, which takes longer than this work; a run does it, or ijepa-studio doctor.`,
});

/** What vectors are made on, by what is known: a card that computes right and much faster than the processor. */
export function deviceForVectors(cards: readonly GraphicsCard[], reports: readonly DeviceReport[]): ReasonedDevice {
  if (!hasCard(cards)) return noCardFound;
  const known = candidates(cards).map((id) => reports.find((one) => one.id === id) ?? notTried(id));
  const usable = known.filter((report) => report.state === 'ready' && !isOnProcessor(report.id, cards, report));
  if (usable.length === 0) return { device: 'cpu', reason: `The processor. ${known.map(({ reason }) => reason).join(' ')}` };
  const rateOf = (report: DeviceReport | undefined): number => report?.matmulRate ?? 0;
  const [best] = usable.toSorted((a, b) => rateOf(b) - rateOf(a)) as [DeviceReport];
  const onProcessor = rateOf(reports.find(({ id, state }) => id === 'cpu' && state === 'ready'));
  const name = deviceNames[best.id];
  if (onProcessor === 0)
    return {
      device: 'cpu',
      reason: `The processor: how much faster ${name} is was not measured yet, and there are few vectors to compute.`,
    };
  const times = rateOf(best) / onProcessor;
  return times >= muchFaster
    ? { device: best.id, reason: `${name}, whose matrix products are ${times.toPrecision(2)} times as fast as the processor's.` }
    : {
        device: 'cpu',
        reason: `The processor: matrix products of ${name} are ${times.toPrecision(2)} times as fast, which does not make up for its transfers.`,
      };
}
