// How many images pass a device at once: as many as are good for its speed and fit its memory, and why, as a sentence.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import type { DeviceId } from '../../../shared/devices.ts';
import { AppError } from '../../../shared/errors.ts';
import type { TrainEvent } from '../../../shared/train-events.ts';
import type { Pieces } from '../../files/in-pieces.ts';
import { readEvents } from '../run-folder/run-log.ts';
import type { Feed } from './feed-memory.ts';
import { cardMemoryInPieces, cardMemoryOf, memoryPlanInPieces, surelyEnough } from './memory-plan.ts';
import type { CardMemory } from './memory-plan.ts';
import { automaticMicroBatch, possibleMicroBatches, stepSize } from './step-size.ts';

export type RunNote = Extract<TrainEvent, { type: 'note' }>;

export interface MicroBatch {
  readonly images: number;
  /** Why so many, as a sentence. */
  readonly reason: string;
  /** What a person should know where even this does not fit. */
  readonly lacking?: { readonly message: string; readonly hint: string };
}

/** A card as far as it matters here. */
export interface CardToFit {
  readonly name: string;
  /** Bytes. */
  readonly memory?: number;
  readonly memoryFree?: number;
}

/** Of a card's free memory: the count is within 15 % of what is taken, and the driver takes some for itself. */
export const shareOfCard = 0.85;
/**
 * Bytes that a card is taken to have free where the system says nothing of it: what the smallest ones have that are bought for anything but a
 * screen. A pass of a processor's size would leave any card idle, and one that is too large for it after all becomes a smaller one.
 */
export const assumedFree = 3e9;
/** Of the computer's free memory: other programs take more of it at times, too. */
const shareOfMemory = 0.8;
/**
 * Bytes of one array. What drivers of all makers hand out as one buffer of WebGPU, DirectML or Metal; CUDA hands out what there is, and its
 * kernels count values in 32 bits with a sign.
 */
export const largestArray = (device: DeviceId): number => (device === 'cuda' || device === 'tensorflow' ? 4 * (2 ** 31 - 1) : 2 ** 30);

const percent = (share: number): string => `${Math.round(100 * share)} %`;
const bytesText = (bytes: number): string => (bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`);

const ofBatch = (images: number, { batchSize }: TrainConfig): string =>
  images === batchSize ? `All ${batchSize} images of a batch` : `${images} of ${batchSize} images in a pass`;
const asSet = (config: TrainConfig): string => `${ofBatch(config.microBatch, config)}, as set.`;

/** One that was used is used again: other sums would round differently. */
export const asBefore = (images: number, config: TrainConfig): MicroBatch => ({
  images,
  reason: `${ofBatch(images, config)}, as on this device before.`,
});

function notEnough(place: string, needed: number, free: number, isCard: boolean): NonNullable<MicroBatch['lacking']> {
  const others = isCard ? 'close what else uses the card, or train on the processor (device=cpu)' : 'or close other programs';
  return {
    message: `Even the smallest micro-batch takes about ${bytesText(needed)}, and ${place} ${bytesText(free)} of memory free.`,
    hint: `Choose a smaller imageSize, contextTokens or network, ${others}.`,
  };
}

/**
 * For a run on the processor with `free` bytes of memory: what is best for its caches, or less where that does not fit beside what it is cut
 * from. Throws `bad-config` where the grid is too small for its masks.
 */
export function* processorMicroBatchInPieces(config: TrainConfig, free: number, feed?: Feed): Pieces<MicroBatch> {
  if (config.microBatch > 0) return { images: config.microBatch, reason: asSet(config) };
  const available = shareOfMemory * free;
  const best = automaticMicroBatch(config);
  if (surelyEnough(config, feed) <= available || (yield* memoryPlanInPieces(config, feed)).total <= available)
    return { images: best, reason: `${ofBatch(best, config)}, which is fastest on a processor.` };
  const possible = possibleMicroBatches(config).filter((images) => images <= best);
  for (const images of possible.toReversed())
    if ((yield* memoryPlanInPieces({ ...config, microBatch: images }, feed)).total <= available)
      return {
        images,
        reason: `${ofBatch(images, config)}, the most that fit ${percent(shareOfMemory)} of the ${bytesText(free)} of memory that are free.`,
      };
  const fewest = possible[0] ?? best;
  const { total } = yield* memoryPlanInPieces({ ...config, microBatch: fewest }, feed);
  const reason = `${ofBatch(fewest, config)}, the fewest there can be: memory is short.`;
  return { images: fewest, reason, ...(total > free && { lacking: notEnough('there are', total, free, false) }) };
}

/**
 * For a run on a graphics card: the largest that fits its free memory, as every pass costs it the same calls; a card of which no memory is
 * known is taken for a small one, and where no card is known it is what is best for a processor. Throws as above.
 */
export function* cardMicroBatchInPieces(config: TrainConfig, device: DeviceId, card: CardToFit | undefined): Pieces<MicroBatch> {
  const known = card?.memoryFree ?? card?.memory;
  const name = card?.name ?? 'the graphics card';
  if (config.microBatch > 0) {
    const { total } = yield* cardMemoryInPieces(config);
    const lacking = {
      message: `Micro-batches of ${config.microBatch} images take about ${bytesText(total)}, and ${name} has ${bytesText(known ?? 0)} of memory free.`,
      hint: 'Set microBatch to 0: then the largest that fits is taken.',
    };
    return { images: config.microBatch, reason: asSet(config), ...(known !== undefined && total > known && { lacking }) };
  }
  const free = known ?? (card && assumedFree);
  if (free === undefined) {
    const images = automaticMicroBatch(config);
    return { images, reason: `${ofBatch(images, config)}: how much memory ${name} has free is not known.` };
  }
  const size = stepSize(config);
  const possible = possibleMicroBatches(config);
  const memoryOf = (images: number): Pieces<CardMemory> => cardMemoryOf({ ...size, microBatch: images * size.crops }, config);
  const available = shareOfCard * free;
  // The place among the possible ones from which on nothing fits; tracing takes a while, so that the first guess is a good one.
  let [fitting, above] = [-1, possible.length];
  for (let at = above - 1; above - fitting > 1;) {
    const { total, largest } = yield* memoryOf(possible[at]!);
    const room = Math.min(available / total, largestArray(device) / largest);
    if (room >= 1) fitting = at;
    else above = at;
    const guess = possible.findLastIndex((images) => images <= room * possible[at]!);
    at = Math.min(above - 1, Math.max(fitting + 1, guess));
  }
  const images = possible[Math.max(0, fitting)] ?? config.batchSize;
  const { total } = yield* memoryOf(images);
  const has = `has ${bytesText(free)}${card?.memoryFree === undefined ? '' : ' free'}`;
  const told = `about ${bytesText(total)}, and ${name} ${known === undefined ? `is assumed to have ${bytesText(free)}, as the system does not say how much` : has}`;
  if (fitting < 0) {
    const reason = `${ofBatch(images, config)}, the fewest there can be; that takes ${told}.`;
    return { images, reason, ...(known !== undefined && total > known && { lacking: notEnough(`${name} has`, total, known, true) }) };
  }
  if (images === config.batchSize) return { images, reason: `${ofBatch(images, config)}: ${told}.` };
  const next = yield* memoryOf(possible[above]!);
  const limit = next.total > available ? `${percent(shareOfCard)} of it` : 'the largest buffer that is sure to be had';
  return { images, reason: `${ofBatch(images, config)}, the most that fit ${limit}: ${told}.` };
}

/**
 * What is noted where a card that keeps the state has too little memory in the middle of work: its state is lost with it, so that the
 * engine begins again from the last checkpoint, at `step`, in a new process and with what is noted here. Nothing for other errors, for a run
 * that sets its micro-batch, and where it is the smallest already.
 */
export function cardWasFull(error: unknown, device: DeviceId, config: TrainConfig, passing: number, step: number): RunNote | undefined {
  const isFull = error instanceof AppError && error.code === 'out-of-memory' && device !== 'cpu' && config.microBatch === 0;
  const microBatch = isFull ? possibleMicroBatches(config).findLast((images) => images < passing) : undefined;
  if (microBatch === undefined) return undefined;
  return goesOnWith(microBatch, step, {
    why: `The card's memory no longer holds micro-batches of ${passing} images`,
    hint: 'Something else may have taken memory of the card meanwhile.',
  });
}

/** The note with which a run begins again from its last checkpoint, at `step`, in passes of so many images. */
export const goesOnWith = (microBatch: number, step: number, { why, hint }: { readonly why: string; readonly hint: string }): RunNote => ({
  type: 'note',
  step,
  microBatch,
  fromCheckpoint: true,
  message: `${why}; it goes on with ${microBatch} from the last checkpoint.`,
  hint: `What is learned does not depend on it. ${hint}`,
});

/** Why a run that a card has no room for is not tried there with a smaller micro-batch, as a sentence. */
export const whyNoSmaller = (config: TrainConfig): string =>
  setsMoreThanLeast(config)
    ? `Its micro-batch is set to ${config.microBatch}: with microBatch 0 a run takes the largest that fits the card.`
    : 'No smaller micro-batch was left for this run.';

/** What a person can do who wants to have it on a card, after "begin one". */
export const whatFitsCard = (config: TrainConfig): string =>
  setsMoreThanLeast(config) ? 'with microBatch 0, which takes the largest that fits' : 'with a smaller imageSize or network';

const setsMoreThanLeast = (config: TrainConfig): boolean => config.microBatch > (possibleMicroBatches(config)[0] ?? config.batchSize);

/**
 * What is noted where the system has ended the process that trained on the processor once more, most likely for want of memory: a smaller
 * micro-batch takes less. Nothing for a run that was on another device, sets its micro-batch, or has none smaller left.
 */
export function processWasKilled(run: string, config: TrainConfig, step: number): RunNote | undefined {
  const last = lastPasses(run);
  if (last?.device !== 'cpu' || config.microBatch > 0) return undefined;
  const microBatch = possibleMicroBatches(config).findLast((images) => images < last.images);
  if (microBatch === undefined) return undefined;
  return goesOnWith(microBatch, step, {
    why: `The system has ended the training process again, with micro-batches of ${last.images} images, most likely for want of memory`,
    hint: 'Other programs that need much memory slow it down or end it: close them.',
  });
}

interface Passes {
  /** As the log has it. */
  readonly device: string;
  readonly images: number;
}

/** The micro-batches of a run, in the order in which its log tells of them. */
function* passesOf(run: string): Generator<Passes> {
  let device: string | undefined;
  for (const event of readEvents(run, 'started', 'note')) {
    if (event.type === 'started') ({ device } = event);
    const images = event.type === 'started' ? event.sizes.microBatch : event.microBatch;
    if (device !== undefined && images !== undefined) yield { device, images };
  }
}

const lastPasses = (run: string): Passes | undefined => [...passesOf(run)].at(-1);

/** The micro-batch with which a run was last trained on a device, as its log says; none where it was not. */
export const usedMicroBatch = (run: string, device: DeviceId): number | undefined =>
  [...passesOf(run)].findLast((passes) => passes.device === device)?.images;
