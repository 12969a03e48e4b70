// What a person is told of the device that vectors are made on.
import type { TrainConfig } from '../../shared/config/config-table.ts';
import type { VectorPlace } from '../engine/devices/vector-device.ts';
import { hasRunOnCard } from '../engine/home.ts';
import type { Studio } from '../engine/studio.ts';
import { inFlags } from './config-flags.ts';
import type { Output } from './output.ts';

/** `does`: what the program does on it, such as `Embeds`. */
export const sayDevice = (
  output: Output,
  does: string,
  studio: Studio,
  device: TrainConfig['device'] = 'auto',
): Required<Omit<VectorPlace, 'signal'>> => ({
  device,
  isCardTaken: () => hasRunOnCard(studio.home),
  onDevice: ({ device: chosen, reason }) => {
    output.event({ type: 'device', device: chosen, reason });
    output.say(inFlags(`${does} on: ${reason}`));
  },
  onStage: (stage) => output.say(stage),
});
