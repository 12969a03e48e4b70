// What follows from what is known of the devices, without testing or timing any.
import type { TrainConfig } from '../../../shared/config-table.ts';
import { deviceNames } from '../../../shared/devices.ts';
import type { DeviceId, DeviceReport, GraphicsCard, OnnxDevice } from '../../../shared/devices.ts';
import { candidates, cardOf, hasCard, untested } from './candidates.ts';
import type { DeviceFile } from './device-file.ts';
import { raceKey } from './step-times.ts';

/** What a run would most likely train on, as far as that is known before anything is tested. */
export interface ExpectedDevice {
  /** Absent where a card and the processor are compared when the run begins. */
  readonly device?: DeviceId;
  /** As a sentence. */
  readonly reason: string;
  /** The card that it may be. */
  readonly card?: GraphicsCard;
}

export const stepText = (seconds: number): string => (Number.isFinite(seconds) ? `${seconds.toPrecision(2)} s` : 'far slower');

/** The wanted device, or the environment's where the person leaves it open. */
export const askedDevice = (wanted: TrainConfig['device']): string =>
  wanted === 'auto' ? (process.env['IJEPA_STUDIO_DEVICE'] ?? 'auto') : wanted;

/** What a run would train on, by the tests and races of these cards. */
export function expectedDevice(
  config: TrainConfig,
  cards: readonly GraphicsCard[],
  { reports, races }: Pick<DeviceFile, 'reports' | 'races'>,
): ExpectedDevice {
  const asked = askedDevice(config.device);
  if (asked === 'cpu') return { device: 'cpu', reason: 'The processor, as asked.' };
  const reportOf = (id: DeviceId): DeviceReport | undefined => reports.find((one) => one.id === id);
  const cardFor = (id: DeviceId): { readonly card?: GraphicsCard } => {
    const card = cardOf(id, cards);
    return card ? { card } : {};
  };
  if (asked !== 'auto') {
    const device = asked as DeviceId;
    const report = reportOf(device) ?? untested(device);
    const more = report.state === 'ready' ? '' : ` ${report.reason}`;
    return { device, reason: `${deviceNames[device] ?? device}, as asked.${more}`, ...cardFor(device) };
  }
  if (!hasCard(cards)) return { device: 'cpu', reason: 'The processor: no graphics card was found.' };
  const possible = candidates(cards);
  const isReady = (id: DeviceId): boolean => reportOf(id)?.state === 'ready';
  const usable = possible.filter((id) => isReady(id) || (reportOf(id)?.state ?? 'untested') === 'untested');
  if (usable.length === 0) return { device: 'cpu', reason: `The processor. ${possible.map((id) => reportOf(id)!.reason).join(' ')}` };
  const times = races[raceKey(config)] ?? {};
  if (usable.every((id) => isReady(id) && times[id] !== undefined) && times.cpu !== undefined) {
    const [device] = (['cpu', ...usable] as const).toSorted((a, b) => times[a]! - times[b]!);
    const reason = `${deviceNames[device!]}, the fastest for a run of these sizes (${stepText(times[device!]!)} a step).`;
    return { device: device!, reason, ...(device !== 'cpu' && cardFor(device!)) };
  }
  const { card } = cardFor(usable[0]!);
  const reason = `${card?.name ?? 'The graphics card'} or the processor: the faster one, which is found out when the run begins.`;
  return { reason, ...(card && { card }) };
}

/** Times the processor's rate that makes a card worth its transfers. */
const muchFaster = 2;

/** What vectors are made on. */
export function deviceForVectors(cards: readonly GraphicsCard[], reports: readonly DeviceReport[]): OnnxDevice {
  if (process.env['IJEPA_STUDIO_DEVICE'] === 'cpu') return 'cpu';
  const rateOf = (id: DeviceId): number => reports.find((one) => one.id === id && one.state === 'ready')?.matmulRate ?? 0;
  // TensorFlow runs the training step only.
  const [best] = candidates(cards)
    .filter((id): id is OnnxDevice => id !== 'tensorflow')
    .toSorted((a, b) => rateOf(b) - rateOf(a));
  const onProcessor = rateOf('cpu');
  return best !== undefined && onProcessor > 0 && rateOf(best) >= muchFaster * onProcessor ? best : 'cpu';
}
