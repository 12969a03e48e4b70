// What a run is expected to train on, as far as the choice of its preset depends on it.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { deviceNames } from '../../../shared/devices.ts';
import type { Devices } from '../devices/devices.ts';

export interface Outlook {
  /** `open`: a card or the processor, which is found out when the run begins. */
  readonly on: 'processor' | 'card' | 'open';
  /** The card, for a sentence. */
  readonly card?: string;
  /** Of a step there; absent where nothing was timed. */
  readonly secondsPerStep?: number;
}

/** By what is known of the devices, without testing or timing any. */
export async function outlookFor(devices: Pick<Devices, 'expected' | 'expectedStep'>, config: TrainConfig): Promise<Outlook> {
  const { device, card, onProcessor } = await devices.expected(config);
  if (device === 'cpu' || onProcessor) return { on: 'processor' };
  const name = card?.name ?? (device === undefined ? 'the graphics card' : deviceNames[device]);
  if (device === undefined) return { on: 'open', card: name };
  const step = await devices.expectedStep(config);
  return { on: 'card', card: name, ...(step && { secondsPerStep: step.seconds }) };
}
