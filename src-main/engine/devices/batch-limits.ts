// Micro-batches that a card has shown to be too large for it when steps were timed, kept in the home for these cards and drivers.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import type { DeviceId } from '../../../shared/devices.ts';
import { writeFileAside } from '../../files/write-aside.ts';
import type { MicroBatch } from '../../training/plan/fit-micro-batch.ts';
import { possibleMicroBatches } from '../../training/plan/step-size.ts';
import type { Home } from '../home.ts';
import { raceKey } from './step-times.ts';
import type { TimedStep } from './time-step.ts';

interface Kept {
  readonly signature: string;
  /** Images, by device and sizes of the run. */
  readonly limits: Readonly<Record<string, number>>;
}

const keyOf = (device: DeviceId, config: TrainConfig): string => `${device} ${raceKey(config)}`;

/** A quarter of a micro-batch, or the least above it; none where it is the smallest, or the run sets its own. */
export function quarterOf(config: TrainConfig, images: number): number | undefined {
  const smaller = config.microBatch > 0 ? [] : possibleMicroBatches(config).filter((one) => one < images);
  return smaller.findLast((one) => one <= images / 4) ?? smaller[0];
}

/**
 * Times a step with so many images at once, and where a card fails at that, though it is not full, with `fewer`: Windows takes a card away
 * over a piece of work that lasts more than two seconds, which is as long as the micro-batch is large.
 */
export async function timedWithin(
  time: (images: number) => Promise<TimedStep>,
  images: number,
  fewer: number | undefined,
  onStage?: (stage: string) => void,
): Promise<TimedStep & { readonly withFewer: boolean }> {
  const timed = await time(images);
  if (timed.failure !== undefined && timed.isFull !== true && timed.hasSlept !== true && fewer !== undefined) {
    onStage?.(`It failed with ${images} images at once. Timing it with ${fewer}.`);
    const again = await time(fewer);
    if (Number.isFinite(again.seconds)) return { ...again, withFewer: true };
  }
  return { ...timed, withFewer: false };
}

/** Sets of cards and drivers that limits are kept for, the last one that was written first, as many as devices are remembered for. */
const mostKept = 4;

const isKept = (one: unknown): one is Kept =>
  typeof one === 'object' && one !== null && 'signature' in one && 'limits' in one && typeof one.limits === 'object' && one.limits !== null;

export class BatchLimits {
  readonly #file: string;
  readonly #isKept: boolean;
  /** What the home could not, or should not, take. */
  #own: Kept | undefined;
  /** What holds for this program alone, by signature, device and sizes: another program had the card when it was found out. */
  readonly #passing = new Map<string, number>();

  /** Unless they are `isKept` they are for this program alone. */
  constructor(home: Home, isKept: boolean) {
    this.#file = join(home.path, 'micro-batches.json');
    this.#isKept = isKept;
  }

  /** All that the file holds; nothing where it cannot be read. Earlier versions kept what holds for one signature alone. */
  #systems(): readonly Kept[] {
    try {
      const file = JSON.parse(readFileSync(this.#file, 'utf8')) as Kept | { readonly systems: readonly Kept[] };
      return ('systems' in file ? file.systems : [file]).filter(isKept);
    } catch {
      return [];
    }
  }

  #read(signature: string): Kept {
    if (this.#own?.signature === signature) return this.#own;
    return this.#systems().find((one) => one.signature === signature) ?? { signature, limits: {} };
  }

  #keep(kept: Kept): void {
    this.#own = kept;
    if (!this.#isKept) return;
    try {
      const others = this.#systems().filter(({ signature }) => signature !== kept.signature);
      writeFileAside(this.#file, `${JSON.stringify({ systems: [kept, ...others].slice(0, mostKept) })}\n`);
      this.#own = undefined;
    } catch {
      // This program knows it, and the next one finds it out again.
    }
  }

  /**
   * Notes that a step was only to be had with so many images at once; for this program alone where that `isPassing`, because another one had
   * the card. `signature` as of the file of devices.
   */
  note(signature: string, device: DeviceId, config: TrainConfig, images: number, isPassing = false): void {
    const key = keyOf(device, config);
    if (isPassing) {
      this.#passing.set(`${signature} ${key}`, images);
      return;
    }
    const kept = this.#read(signature);
    this.#keep({ ...kept, limits: { ...kept.limits, [key]: images } });
  }

  /** A person wants to know anew. */
  forget(signature: string): void {
    this.#passing.clear();
    if (Object.keys(this.#read(signature).limits).length > 0) this.#keep({ signature, limits: {} });
  }

  /** The micro-batch of a run that sets none, or less where that much was too much. */
  within(signature: string, device: DeviceId, config: TrainConfig, found: MicroBatch): MicroBatch {
    if (config.microBatch > 0) return found;
    const key = keyOf(device, config);
    const most = Math.min(this.#read(signature).limits[key] ?? Infinity, this.#passing.get(`${signature} ${key}`) ?? Infinity);
    if (most >= found.images) return found;
    return {
      images: most,
      reason: `${most} of ${config.batchSize} images in a pass: with more at once the card failed when a step was timed.`,
    };
  }
}
