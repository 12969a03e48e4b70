// How long one step of a configuration takes on this machine: a few trial steps in the trainer, on random input.
import type { TrainConfig } from '../../shared/config-table.ts';
import type { Studio } from './studio.ts';
import { threadsOf } from './threads.ts';

/** Seconds of one step, the median of a few after warming up. */
export async function measureStepSeconds(studio: Studio, config: TrainConfig): Promise<number> {
  const { device } = await studio.devices.choose(config.device, config);
  const { seconds } = await studio.trainer.run({ kind: 'trial', config, threads: threadsOf(config.threads), device });
  return seconds;
}
