// What a run is told of the device that was chosen for it.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import type { DeviceId, Precision } from '../../../shared/devices.ts';
import type { MicroBatch } from '../../training/plan/fit-micro-batch.ts';

export interface ChosenDevice {
  readonly device: DeviceId;
  /** Why, as a sentence. */
  readonly reason: string;
  /** Of the run's matrix products: what it wants, where the device has proven to compute right in it. */
  readonly precision: Precision;
  /** How many images of the run pass it at once. */
  readonly microBatch: MicroBatch;
  /** Whether it computes on the processor though it is another device than `cpu`. */
  readonly onProcessor?: true;
}
export type ReasonedDevice = Pick<ChosenDevice, 'device' | 'reason' | 'onProcessor'>;

/** The settings with the micro-batch that was found for a device. */
export const withMicroBatch = (config: TrainConfig, { images }: MicroBatch): TrainConfig => ({ ...config, microBatch: images });

/** The settings as a device takes them. */
export const asChosen = (config: TrainConfig, { microBatch, precision }: Pick<ChosenDevice, 'microBatch' | 'precision'>): TrainConfig => ({
  ...withMicroBatch(config, microBatch),
  precision,
});
