// A run while the engine has it in hand, and what is kept of that for an engine after this one.
import type { TrainConfig } from '../../../../shared/config/config-table.ts';
import type { RunState } from '../../../../shared/run-state.ts';
import type { ActiveRun } from '../../../training/run-folder/app-file.ts';
import type { ChosenDevice } from '../../devices/chosen-device.ts';

export interface Training {
  readonly name: string;
  readonly usable: boolean;
  readonly job: number;
  /** Engines that died over it before. */
  readonly deaths: number;
  /** Asked for instead of what its record names. */
  readonly device: TrainConfig['device'] | undefined;
  state: RunState;
  step: number;
  /** A person wants it to rest: it does after its step, and still when its trainer or engine has died meanwhile. */
  paused: boolean;
  /** What it trains on, and whether that was asked for by name. */
  chosen?: ChosenDevice & { readonly isAsked: boolean };
  /** Said by a card that had no room for the run, which goes on on the processor. */
  tooLarge?: string;
  /** Ends a scan and training at once, the latter with a checkpoint. */
  readonly stop: AbortController;
}

/** What an engine after this one must know to go on with a run. */
export const activeRun = ({ usable, deaths, paused, device }: Pick<Training, 'usable' | 'deaths' | 'paused' | 'device'>): ActiveRun => ({
  usable,
  deaths,
  ...(paused && { paused }),
  ...(device !== undefined && { device }),
});
