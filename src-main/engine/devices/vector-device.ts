// Work with an encoder on the device for it, and where a card fails in the middle of it, on what is left.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import type { DeviceId } from '../../../shared/devices.ts';
import type { AppError } from '../../../shared/errors.ts';
import type { Trainer } from '../../trainer/trainer.ts';
import { isBrokenCard, isCardFault } from './candidates.ts';
import { whileCardLooks } from './card-watch.ts';
import type { SeeEncoder } from './card-watch.ts';
import type { ReasonedDevice } from './chosen-device.ts';
import type { Devices } from './devices.ts';
import { isAskedByName } from './expected-device.ts';

/** Where vectors may be made. */
export interface VectorPlace {
  /** As for a run; `auto` when absent. */
  readonly device?: TrainConfig['device'];
  /** Whether a run trains on the graphics card now: its memory is that run's, and two that share it crash. */
  readonly isCardTaken?: () => boolean;
  /** What they are made on now and why; called once more where a card has failed. */
  readonly onDevice?: (chosen: ReasonedDevice) => void;
  /** What is done before, as a sentence. */
  readonly onStage?: (stage: string) => void;
  /** Aborted before the process has the work: it is not begun, and the signal's reason is thrown. From then on the trainer is told to end. */
  readonly signal?: AbortSignal;
}

export interface VectorDevice {
  readonly device: DeviceId;
  /** Images that pass at once, where a card has no room for as many as usual. */
  readonly batch?: number;
  /** Whether it computes on the processor, whatever it is called. */
  readonly onProcessor?: true;
}

/** Images that pass at once on a card that had no room for as many as usual. */
const fewImages = 4;

/**
 * Ends the process that a card has failed in, which would go on failing there, and notes it unless the card was only full: that says
 * nothing of smaller work. What was kept there before it failed makes up for earlier failures: the work `hasGotOn`.
 */
export async function cardFailed(devices: Devices, trainer: Trainer, device: DeviceId, error: AppError, hasGotOn = false): Promise<void> {
  await trainer.dispose();
  if (isBrokenCard(error, { device })) await devices.failed(device, error.message, hasGotOn);
}

const theProcessor = (why: string): ReasonedDevice => ({ device: 'cpu', reason: `The processor. ${why}` });

/**
 * Does `work`, which keeps what it has made, on the device for as many `operations` as are left. A card that fails is chosen once more where
 * it passes its test, one that is full has fewer images to do at once, and then the processor goes on; one that was asked for by name is for
 * the person to decide about. A card that fails again before less is left is set aside, and one that comes to the end has no failures any
 * more. `work` hands on to `see` that it got further: a card that hangs fails, too.
 */
export async function onVectorDevice<T>(
  devices: Devices,
  trainer: Trainer,
  { device: wanted = 'auto', isCardTaken, onDevice, onStage, signal }: VectorPlace,
  operations: () => Promise<number>,
  work: (place: VectorDevice, see: SeeEncoder) => Promise<T>,
): Promise<T> {
  const tools = { isCardTaken, ...(signal && { signal }), ...(onStage && { onStage }) };
  const isAsked = isAskedByName(wanted);
  let left: number | undefined;
  const counted = async (): Promise<number> => (left = await operations());
  const choose = async (): Promise<ReasonedDevice> =>
    devices.forVectors(wanted, counted, tools).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw error;
    });
  let isFull = false;
  let instead: ReasonedDevice | undefined;
  for (;;) {
    const chosen = instead ?? (await choose());
    signal?.throwIfAborted();
    onDevice?.(chosen);
    try {
      const { device, onProcessor } = chosen;
      const place: VectorDevice = { device, ...(onProcessor && { onProcessor }), ...(isFull && { batch: fewImages }) };
      if (device === 'cpu' || onProcessor) return await work(place, () => {});
      // One that was asked for by name is chosen whatever there is to do.
      left ??= await operations();
      let hasLooked = false;
      const made = await whileCardLooks(trainer, async (see) =>
        work(place, (isOnCard) => {
          hasLooked ||= isOnCard;
          see(isOnCard);
        }),
      );
      if (hasLooked) await devices.succeeded(device);
      return made;
    } catch (error) {
      if (!isCardFault(error, chosen)) throw error;
      // What it has made is kept: with each failure less is left, and this comes to an end.
      const before = left;
      const hasGotOn = isBrokenCard(error, chosen) && before !== undefined && (await counted().catch(() => before)) < before;
      await cardFailed(devices, trainer, chosen.device, error, hasGotOn);
      const isTooLarge = error.code === 'out-of-memory';
      if (signal?.aborted === true || (isAsked && (!isTooLarge || isFull))) throw error;
      // A run that has begun meanwhile needs all of it.
      const goesOnThere: boolean = isTooLarge && !isFull && (isAsked || isCardTaken?.() !== true);
      if (goesOnThere) instead = { ...chosen, reason: `${chosen.reason} ${error.message} It goes on with ${fewImages} images at once.` };
      else instead = isTooLarge ? theProcessor(error.message) : undefined;
      isFull = goesOnThere;
    } finally {
      // Its libraries keep what they have taken of a card's memory.
      if (chosen.device !== 'cpu') await trainer.dispose();
    }
  }
}
