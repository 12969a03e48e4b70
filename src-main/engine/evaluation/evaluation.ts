// The evaluation of a run as a person asks for it.
import { preprocessingOf } from '../../../shared/config/preprocessing.ts';
import { deviceNames } from '../../../shared/devices.ts';
import { AppError } from '../../../shared/errors.ts';
import type { EvaluationImage } from '../../evaluation/evaluation-image.ts';
import type { EvaluationReport } from '../../evaluation/report.ts';
import { inPieces } from '../../files/in-pieces.ts';
import { cachedShortSide } from '../../images/cache-space.ts';
import { DecodeCache } from '../../images/cache.ts';
import { modelSize } from '../../jepa/model.ts';
import type { EvaluationProgress } from '../../trainer/protocol.ts';
import type { Trainer } from '../../trainer/trainer.ts';
import { labelFingerprintInPieces } from '../../training/judging/label-fingerprint.ts';
import { encoderOperations } from '../../training/plan/step-operations.ts';
import { readCheckpointHeader } from '../../training/run-folder/checkpoint.ts';
import { onVectorDevice } from '../devices/vector-device.ts';
import type { VectorPlace } from '../devices/vector-device.ts';
import type { SplitImage } from '../folders/folder-images.ts';
import type { Studio } from '../studio.ts';
import { threadsOf } from '../threads.ts';
import { imagesOfSplits, imagesToJudge, settledSplits } from './judged-images.ts';
import type { JudgingSplits } from './judged-images.ts';
import { learnedFrom, wasChosenOtherwise } from './learned-from.ts';

export { renderReport } from '../../evaluation/report.ts';
export type { EvaluationProgress } from '../../trainer/protocol.ts';

export interface EvaluateOptions extends VectorPlace {
  readonly run: string;
  readonly checkpoint: string;
  readonly root: string;
  /** `reporting` uses the queries that no choice was made on. */
  readonly purpose: 'choosing' | 'reporting';
  readonly bankPerClass: number;
  readonly queriesPerClass: number;
  /** Splits of the folder that are looked up in and that ask; without them train, and val for choosing or test for reporting. */
  readonly splits?: JudgingSplits;
  readonly pixelSide: number;
  readonly probe: boolean;
  readonly threads: number;
  /** By default the one that trains. */
  readonly trainer?: Trainer;
}

/** Passes over the images at most: the run's network, the untrained one, and one that it may have begun with. */
const networks = 3;

/** Those that the cache holds: any other would be measured as an empty picture. Throws `no-images` when it holds none. */
function cachedImages(folder: string, images: readonly EvaluationImage[]): EvaluationImage[] {
  let cache: DecodeCache | undefined;
  try {
    cache = new DecodeCache(folder, { access: 'read' });
    const held = cache;
    const found = images.filter(({ hash }) => held.has(hash));
    if (found.length > 0) return found;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'not-found') throw error;
  } finally {
    cache?.dispose();
  }
  throw new AppError(
    'no-images',
    'None of these images is decoded for this run.',
    'Compute their vectors, which reads what is missing (in a terminal: ijepa-studio embed FOLDER).',
  );
}

/** What a person should know about the choice of images, in sentences. */
function notesOn(report: EvaluationReport, images: readonly EvaluationImage[], all: readonly SplitImage[], missing: number): string[] {
  const notes: string[] = [];
  const splitOf = new Map(settledSplits(all).map(({ hash, split }) => [hash, split]));
  const names = (side: 'train' | 'test'): string =>
    [...new Set(images.filter(({ split }) => split === side).map(({ hash }) => splitOf.get(hash) ?? side))].join(' and ');
  if (report.task === 'labels' && names('train') !== '' && names('test') !== '')
    notes.push(`Bank: ${names('train')}; queries: ${names('test')}.`);
  if (report.task === 'labels' && names('test') === 'train') notes.push('The queries come from the split that runs learn from.');
  if (missing > 0)
    notes.push(`${missing} images are not decoded and were left out: read the folder again (in a terminal: ijepa-studio scan FOLDER).`);
  return notes;
}

/** Measures a checkpoint beside both baselines. Throws `bad-checkpoint`, `no-images`. */
export async function evaluateRun(
  studio: Studio,
  options: EvaluateOptions,
  onProgress: (progress: EvaluationProgress) => void,
): Promise<EvaluationReport> {
  const { root, threads, splits, trainer = studio.trainer, device, isCardTaken, onDevice, onStage, signal, ...rest } = options;
  const { config } = readCheckpointHeader(options.checkpoint);
  const shortSide = cachedShortSide(config.imageSize);
  const folder = studio.cacheFor(preprocessingOf(config), shortSide);
  const { all, fingerprint, labelsFrom } = await studio.readImages(root);
  const labels = await inPieces(labelFingerprintInPieces(imagesToJudge(all, 'choosing').images));
  const { images: wanted, queriesFor } = splits ? imagesOfSplits(all, root, splits) : imagesToJudge(all, options.purpose);
  const images = cachedImages(folder, wanted);
  signal?.throwIfAborted();
  const job = {
    kind: 'evaluate',
    ...rest,
    cache: { folder, shortSide },
    images,
    ...(await learnedFrom(studio, options.run, root, { fingerprint, labels, hashes: all.map(({ hash }) => hash) }, signal)),
    chosenOtherwise: wasChosenOtherwise(options.run),
    // Splits that were named may be for one purpose alone.
    purpose: queriesFor === 'both' ? options.purpose : queriesFor,
    queriesFor,
    ...(labelsFrom && { labelsFrom }),
    threads: threadsOf(threads),
  } as const;
  const place = {
    ...(device !== undefined && { device }),
    ...(isCardTaken !== undefined && { isCardTaken }),
    ...(onDevice && { onDevice }),
    ...(onStage && { onStage }),
    ...(signal && { signal }),
  };
  const operations = async (): Promise<number> => Promise.resolve(networks * images.length * encoderOperations(modelSize(config)));
  const { report, madeOn } = await onVectorDevice(studio.devices, trainer, place, operations, async (on, see) => ({
    report: await trainer.run({ ...job, ...on }, (progress) => {
      // Raw pixels and figures are the processor's, which answers, however slowly.
      see(progress.part === 'pictures' && progress.stage !== 'raw pixels');
      onProgress(progress);
    }),
    madeOn: on.device,
  }));
  const where = madeOn === 'cpu' ? [] : [`The vectors were made on ${deviceNames[madeOn]}.`];
  return { ...report, notes: [...report.notes, ...notesOn(report, images, all, wanted.length - images.length), ...where] };
}
