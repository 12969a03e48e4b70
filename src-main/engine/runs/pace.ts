// How long runs take on this machine: from a few trial steps in the trainer, on random input, or from what is known of others.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { parseConfig } from '../../../shared/config/config.ts';
import type { UsualPictures, UsualPreset, UsualTimes } from '../../../shared/config/usual-runs.ts';
import { usualPictures, usualPresets } from '../../../shared/config/usual-runs.ts';
import type { DeviceId } from '../../../shared/devices.ts';
import { cachedShortSide } from '../../images/cache-space.ts';
import type { MedianSize } from '../../library/catalogue.ts';
import type { TrialJob } from '../../trainer/protocol.ts';
import { asChosen } from '../devices/chosen-device.ts';
import type { Devices } from '../devices/devices.ts';
import type { FolderImages } from '../folders/folder-images.ts';
import type { Studio } from '../studio.ts';
import { threadsOf } from '../threads.ts';
import { feedOf } from './feed.ts';
import { suggestConfig } from './suggest.ts';

/** A trial of the steps of a run on pictures of a folder. */
export const trialJob = (config: TrainConfig, device: DeviceId, pictures: MedianSize | undefined): TrialJob => ({
  kind: 'trial',
  config,
  threads: threadsOf(config.threads),
  device,
  ...(pictures && { shortSide: Math.ceil(Math.min(pictures.shortSide, cachedShortSide(config.imageSize))) }),
});

/** Seconds of one step on pictures of a folder, the median of a few after warming up. */
export async function measureStepSeconds(
  studio: Studio,
  config: TrainConfig,
  images: Pick<FolderImages, 'trained' | 'size'>,
): Promise<number> {
  const chosen = await studio.devices.choose(config.device, config, { feed: feedOf(images, config) });
  const { device } = chosen;
  const { seconds } = await studio.trainer.run(trialJob(asChosen(config, chosen), device, images.size));
  await studio.devices.noteStep(device, config, seconds, 'trial');
  return seconds;
}

/** Images of the folder that usual runs are described for; presets see as many crops of a larger one. */
const images = 10_000;
const shortSides: Readonly<Record<UsualPictures, number>> = { small: 64, photographs: 500 };

/** What a folder of such pictures gets. */
export function usualRun(pictures: UsualPictures, preset: UsualPreset): { readonly config: TrainConfig; readonly steps: number } {
  const config = parseConfig(suggestConfig({ images, shortSide: shortSides[pictures] }, preset).settings);
  return { config, steps: Math.ceil((config.epochs * images) / config.batchSize) };
}

/** How long usual runs would take here, as far as that is known without timing anything. */
export async function usualTimes(devices: Devices): Promise<UsualTimes | undefined> {
  const times: UsualTimes['times'][number][] = [];
  let atMost = false;
  for (const preset of usualPresets)
    for (const pictures of usualPictures) {
      const { config, steps } = usualRun(pictures, preset);
      const step = await devices.expectedStep(config);
      if (!step) return undefined;
      atMost ||= step.atMost;
      times.push({ preset, pictures, seconds: steps * step.seconds });
    }
  return { times, atMost };
}

/**
 * Times a step of usual runs where none was timed here yet and nobody wants anything else of the devices: of each kind of pictures, as
 * convolutions over large ones take longer than their operations say.
 */
export async function getToKnow(devices: Devices, signal?: AbortSignal): Promise<void> {
  for (const pictures of usualPictures) if (!(await devices.getToKnow(usualRun(pictures, 'default').config, signal))) return;
}

/** The first steps wait for the first images and for memory. */
const warmUp = 5;
const fewest = 20;

/** What a step of a run has taken so far, on average, reading counted in and judging left out. */
export class Pace {
  #steps = 0;
  #seconds = 0;
  #work = 0;

  /** A step that took so long, and was so much work beside an average one of its run. */
  step(seconds: number, work = 1): void {
    this.#steps++;
    if (this.#steps <= warmUp) return;
    this.#seconds += seconds;
    this.#work += work;
  }

  /** Of an average step; undefined where too few were made to tell. */
  get secondsPerStep(): number | undefined {
    return this.#steps < warmUp + fewest ? undefined : this.#seconds / this.#work;
  }
}
