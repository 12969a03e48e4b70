// What a run has done on a card since it started there, and what follows from that where the card fails it.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import type { DeviceId } from '../../../shared/devices.ts';
import { AppError } from '../../../shared/errors.ts';
import type { TrainEvent } from '../../../shared/train-events.ts';
import { cardWasFull, goesOnWith } from './fit-micro-batch.ts';
import type { RunNote } from './fit-micro-batch.ts';
import { possibleMicroBatches } from './step-size.ts';

/** Steps from the start in which a card that fails may have failed over the size of its work; later ones are as large as those before. */
const firstSteps = 3;

/**
 * What is noted where a card fails in its first steps: Windows takes a card away over a piece of work that lasts more than two seconds, and
 * such a piece is as long as the micro-batch is large. Nothing where no smaller one is left, or a person has set it.
 */
function cardWasTooSlow(config: TrainConfig, passing: number, step: number): RunNote | undefined {
  const smaller = config.microBatch > 0 ? [] : possibleMicroBatches(config).filter((images) => images < passing);
  const microBatch = smaller.findLast((images) => images <= passing / 2) ?? smaller.at(-1);
  if (microBatch === undefined) return undefined;
  return goesOnWith(microBatch, step, {
    why: `The card failed in its first steps, with micro-batches of ${passing} images`,
    hint: 'Systems take a card away from a program whose single pieces of work last too long for it, and smaller ones are shorter.',
  });
}

export class CardWork {
  readonly #device: DeviceId;
  readonly #config: TrainConfig;
  #passing: number | undefined;
  #steps = 0;

  constructor(device: DeviceId, config: TrainConfig) {
    this.#device = device;
    this.#config = config;
  }

  /** Takes in what the run says. */
  see(event: TrainEvent): void {
    if (event.type === 'started') this.#passing = event.sizes.microBatch;
    if (event.type === 'note') this.#passing = event.microBatch ?? this.#passing;
    if (event.type === 'step') this.#steps++;
  }

  /** What is noted of a failure where the run can go on there, from its checkpoint at `step`, with a smaller micro-batch. */
  noteOf(error: unknown, step: number): RunNote | undefined {
    if (this.#passing === undefined || this.#device === 'cpu') return undefined;
    const isEarly = this.#steps < firstSteps && error instanceof AppError && error.code === 'device-failed';
    return isEarly
      ? cardWasTooSlow(this.#config, this.#passing, step)
      : cardWasFull(error, this.#device, this.#config, this.#passing, step);
  }
}
