// What a run would be, before it is begun: its settings, sizes, disk, and what speaks against it.
import { statfs } from 'node:fs/promises';
import type { TrainConfig } from '../../../../shared/config/config-table.ts';
import { gridSide } from '../../../../shared/config/config.ts';
import type { RunPlan } from '../../../../shared/contract/contract-runs.ts';
import type { RunSizes } from '../../../../shared/train-events.ts';
import { inPieces } from '../../../files/in-pieces.ts';
import { memoryToUse } from '../../../files/memory.ts';
import { defaultCacheGrowth, estimateCacheBytes } from '../../../images/cache-space.ts';
import { cardMemoryInPieces, memoryPlanInPieces, partsOf } from '../../../training/plan/memory-plan.ts';
import { sizesOf, stepSize } from '../../../training/plan/step-size.ts';
import { withMicroBatch } from '../../devices/chosen-device.ts';
import { asDecoded, feedOf } from '../../runs/feed.ts';
import { planRunHere } from '../../runs/runs.ts';
import type { PlannedRun } from '../../runs/runs.ts';
import { suggestedLearningRate } from '../../runs/suggest.ts';
import type { Studio } from '../../studio.ts';
import { threadsOf } from '../../threads.ts';
import { cachedBytes, imagesToDecode } from '../folders/prepare-images.ts';
import { overlapOf } from '../masks/mask-sample.ts';
import { plural } from '../words.ts';

/** Below it the masked objective alone is known to learn less than raw pixels tell (IJEPA.md, "Small folders"). */
const fewForMaskingAlone = 20_000;
const fewImages = 500;
const manyPatches = 400;
/** Times the suggested learning rate that a run will most likely not survive. */
const tooFast = 10;

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** Bytes of one checkpoint: both encoders, the predictor, and two moments of everything that is trained. */
export function checkpointSize({ encoderParameters, predictorParameters }: RunSizes): number {
  return 4 * (3 * (encoderParameters + predictorParameters) + encoderParameters);
}

/** Bytes that the decode cache will take for images that are not in it, and whether they are kept as JPEG. */
async function cacheEstimate(
  studio: Studio,
  root: string,
  config: TrainConfig,
): Promise<{ readonly bytes: number; readonly jpeg: boolean }> {
  const lacking = await imagesToDecode(studio, root, config);
  const { size: median } = await studio.readImages(root);
  if (!median || lacking === 0) return { bytes: 0, jpeg: false };
  const { width, height } = asDecoded(median, config);
  const held = await cachedBytes(studio, config);
  return estimateCacheBytes(lacking, width * height, held + defaultCacheGrowth(studio.home.cache), held);
}

function warningsFor({ config, images, steps }: PlannedRun): RunPlan['warnings'][number][] {
  const warnings: RunPlan['warnings'][number][] = [];
  const warn = (message: string, hint: string): void => void warnings.push({ message, hint });
  if (config.batchSize > images)
    warn(
      `A batch of ${config.batchSize} images is more than the ${images} there are: images repeat within a step.`,
      'Choose a smaller batch.',
    );
  if (images < fewImages)
    warn(
      `${plural(images, 'image is', 'images are')} few: what is learned will hardly go beyond them.`,
      'Some thousands show more; or start with the weights of another run.',
    );
  if (config.agreement === 0 && images < fewForMaskingAlone)
    warn(
      'On small folders the masked objective alone has been seen to learn less than raw pixels tell.',
      'Set the agreement of crops to 1, by contrast.',
    );
  if (config.agreement > 0 && config.agreementBy === 'distance' && config.sigreg === 0)
    warn(
      'Agreement of crops by distance without SIGReg can end with all images looking alike to the encoder.',
      'Set the SIGReg weight to 0.02.',
    );
  warnings.push(...overlapOf(config));
  const tokens = gridSide(config) ** 2;
  if (tokens > manyPatches)
    warn(
      `An image of ${config.imageSize} px has ${tokens} patches of ${config.patchSize} px, and each step takes longer for it (196 are usual).`,
      'Choose a larger patch or a smaller image size.',
    );
  const learningRate = suggestedLearningRate(config);
  if (config.learningRate > tooFast * learningRate)
    warn(
      `A learning rate of ${config.learningRate} is more than ten times the suggested ${learningRate}: the run will most likely diverge.`,
      `Set the learning rate to ${learningRate}, as suggested.`,
    );
  if (config.threads > threadsOf(0))
    warn(
      `${config.threads} threads are more than the ${threadsOf(0)} cores here: they wait for each other.`,
      'Choose 0 threads: one per core.',
    );
  if (steps < 20)
    warn(`${plural(steps, 'step is', 'steps are')} enough to see that everything works, not to learn.`, 'Raise epochs or steps.');
  return warnings;
}

/** `fromWeights`: of a run that begins with the weights of another. Throws `bad-config`, `no-images`, `bad-input`. */
export async function planForPage(
  studio: Studio,
  root: string,
  settings: Readonly<Record<string, unknown>>,
  fromWeights = false,
): Promise<RunPlan> {
  const images = await studio.readImages(root);
  const plan = await planRunHere(studio, root, settings, images);
  const expected = await studio.devices.expected(plan.config);
  const feed = feedOf(images, plan.config);
  const onProcessor = await studio.devices.microBatch('cpu', plan.config, feed);
  const onCard =
    expected.device === 'cpu' ? undefined : await studio.devices.microBatch(expected.device ?? 'webgpu', plan.config, feed, expected.card);
  const microBatch = onCard ?? onProcessor;
  const fitting = withMicroBatch(plan.config, microBatch);
  const sizes = sizesOf(stepSize(fitting), fitting);
  const cache = await cacheEstimate(studio, root, plan.config);
  // The best one is kept besides the latest, and so are the weights that it began with.
  const stored = (Math.min(plan.config.keepCheckpoints + 1, plan.steps) + Number(fromWeights)) * checkpointSize(sizes);
  const { bavail, bsize } = await statfs(studio.home.path);
  const [diskBytes, diskFree] = [Math.round(stored + cache.bytes), bavail * bsize];
  const warnings = warningsFor(plan);
  const onThreads = { ...withMicroBatch(plan.config, onProcessor), threads: threadsOf(plan.config.threads) };
  const memory = await inPieces(memoryPlanInPieces(onThreads, feed));
  const [memoryBytes, memoryFree] = [Math.round(memory.total), memoryToUse()];
  const isOnProcessor = expected.device === 'cpu' || expected.onProcessor === true;
  if (isOnProcessor && memoryBytes > memoryFree)
    warnings.push({
      message: `${gigabytes(memoryFree)} of memory are free, the run needs about ${gigabytes(memoryBytes)} on the processor.`,
      // Without a micro-batch of its own it is the smallest already.
      hint: `Close other programs, or ${plan.config.microBatch > 0 ? 'set microBatch to 0' : 'choose a smaller image size or encoder'}.`,
    });
  const onItsCard = expected.card && (await inPieces(cardMemoryInPieces(fitting)));
  const card = expected.card &&
    onItsCard && {
      name: expected.card.name,
      bytes: Math.round(onItsCard.total),
      parts: onItsCard.parts,
      ...(expected.card.memoryFree !== undefined && { free: expected.card.memoryFree }),
    };
  if (onCard?.lacking) warnings.push(onCard.lacking);
  if (diskBytes > diskFree)
    warnings.push({
      message: `The disk has ${gigabytes(diskFree)} free, the run needs about ${gigabytes(diskBytes)} for its checkpoints and the decoded images.`,
      hint: 'Free some space, choose a smaller image size, or keep fewer checkpoints.',
    });
  else if (cache.jpeg)
    warnings.push({
      message: `The decoded images take about ${gigabytes(cache.bytes)}; part of them is kept as JPEG, which makes reading slower.`,
      hint: 'Free some space if training waits for data.',
    });
  const step = await studio.devices.expectedStep(plan.config);
  const time = step && { secondsPerStep: step.seconds, timed: step.timed, atMost: step.atMost };
  return {
    ...plan,
    heldOut: images.all.length - images.trained,
    sizes,
    microBatch: microBatch.reason,
    diskBytes,
    diskFree,
    memoryBytes,
    memoryFree,
    memoryParts: partsOf(memory),
    device: expected.reason,
    time,
    card,
    warnings,
  };
}
