// Runs: started, resumed, described; and which checkpoint of a run is meant.
import { existsSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { parseConfig } from '../../../shared/config/config.ts';
import { preprocessingOf } from '../../../shared/config/preprocessing.ts';
import { AppError } from '../../../shared/errors.ts';
import type { TrainEvent } from '../../../shared/train-events.ts';
import { programVersion } from '../../../shared/version.ts';
import { inPieces } from '../../files/in-pieces.ts';
import { writeFileAside } from '../../files/write-aside.ts';
import { cachedShortSide } from '../../images/cache-space.ts';
import { DecodeCache } from '../../images/cache.ts';
import { folderStatistics } from '../../images/folder-statistics.ts';
import { requireMasks } from '../../jepa/masks.ts';
import type { TrainJob } from '../../trainer/protocol.ts';
import { TrainerKilled } from '../../trainer/trainer.ts';
import { labelFingerprintInPieces } from '../../training/judging/label-fingerprint.ts';
import { whatFitsCard } from '../../training/plan/fit-micro-batch.ts';
import { workOf } from '../../training/plan/step-operations.ts';
import { readCheckpointHeader } from '../../training/run-folder/checkpoint.ts';
import { keepFirstWeights } from '../../training/run-folder/first-weights.ts';
import { requireFitting } from '../../training/run-folder/initial-weights.ts';
import { listCheckpoints, readRecord, RunFolder } from '../../training/run-folder/run-folder.ts';
import type { RunRecord } from '../../training/run-folder/run-folder.ts';
import { readEvents } from '../../training/run-folder/run-log.ts';
import { isCardFault } from '../devices/candidates.ts';
import { whileCardAnswers } from '../devices/card-watch.ts';
import { cardFailed } from '../devices/vector-device.ts';
import { imagesToJudge } from '../evaluation/judged-images.ts';
import type { FolderImages } from '../folders/folder-images.ts';
import { freshRunName, newRunPath } from '../home.ts';
import type { Studio } from '../studio.ts';
import { threadsOf } from '../threads.ts';
import { choosesPreset, chosenConfig } from './chosen-config.ts';
import { outlookFor } from './outlook.ts';
import type { Outlook } from './outlook.ts';
import { Pace } from './pace.ts';
import { presetEpochs } from './presets.ts';
import { suggestedMomentum } from './suggest.ts';

export interface PlannedRun {
  readonly config: TrainConfig;
  readonly steps: number;
  readonly images: number;
  readonly reason: string;
}

/**
 * Completes the settings of a run for a folder: what is given wins over what is suggested. Throws `bad-config`, `no-images`, and
 * `bad-input` for images that nothing can be learned from. Without an outlook a processor is thought of.
 */
export function planRun(
  studio: Studio,
  root: string,
  given: Readonly<Record<string, unknown>>,
  { trained, size }: FolderImages = studio.folderImages(root),
  outlook?: Outlook,
): PlannedRun {
  if (trained === 0)
    throw new AppError(
      'no-images',
      `All images of ${root} belong to a test split.`,
      'Put the images to learn from in a folder called train, or turn labels off.',
    );
  if (trained === 1)
    throw new AppError(
      'bad-input',
      'One image is not enough to learn from.',
      'Choose a folder with more images: some hundreds are a start.',
    );
  const shortSide = size?.shortSide ?? 224;
  const { config: chosen, reason } = chosenConfig({ images: trained, shortSide }, given, outlook);
  const steps = chosen.steps || Math.max(1, Math.ceil((chosen.epochs * trained) / chosen.batchSize));
  const isOwn = given['momentum'] === undefined && chosen.preset !== 'paper-exact';
  const config = isOwn ? parseConfig({ ...chosen, momentum: suggestedMomentum(steps) }) : chosen;
  if (shortSide < config.patchSize)
    throw new AppError(
      'bad-input',
      `The images are smaller than a patch: half of them have a side of at most ${Math.round(shortSide)} pixels, a patch has ${config.patchSize}.`,
      `Choose a patchSize of at most ${Math.max(1, Math.floor(shortSide))}, or a folder of larger images.`,
    );
  requireMasks(config);
  return { config, steps, images: trained, reason };
}

/** As `planRun`, where the preset is chosen by what the run is expected to train on, too. */
export async function planRunHere(
  studio: Studio,
  root: string,
  given: Readonly<Record<string, unknown>>,
  images: FolderImages,
): Promise<PlannedRun> {
  if (!choosesPreset(given)) return planRun(studio, root, given, images);
  const usual = planRun(studio, root, { ...given, preset: 'default' }, images);
  return planRun(studio, root, given, images, await outlookFor(studio.devices, usual.config));
}

async function withFolderStatistics(studio: Studio, root: string, config: TrainConfig): Promise<TrainConfig> {
  if (config.normalisation !== 'folder') return config;
  const cache = await DecodeCache.read(studio.cacheFor(preprocessingOf(config), cachedShortSide(config.imageSize)));
  try {
    return parseConfig({
      ...config,
      ...(await folderStatistics(
        cache,
        // The images that are learned from, as everything that is fitted.
        studio
          .images(root)
          .filter(({ split }) => split !== 'test')
          .map(({ hash }) => hash),
      )),
    });
  } finally {
    cache.dispose();
  }
}

/** What a run is known to learn from by now. */
async function learnedFrom(studio: Studio, root: string, { images, steps }: PlannedRun): Promise<Pick<RunRecord, LearnedFrom>> {
  await studio.readImages(root);
  // Of one moment, should a scan have changed something while they were read.
  const { all, fingerprint } = studio.folderImages(root);
  return { fingerprint, labels: await inPieces(labelFingerprintInPieces(imagesToJudge(all, 'choosing').images)), images, steps };
}
type LearnedFrom = 'fingerprint' | 'labels' | 'images' | 'steps';

/**
 * Makes the folder of a new run whose images may not be decoded yet; `settleRun` completes its record when they are. Rejects with `bad-input`
 * when the name is taken, `bad-config` when the weights to begin with do not fit, `not-found` when they are gone.
 */
export async function beginRun(studio: Studio, root: string, plan: PlannedRun, name?: string, from?: RunRecord['from']): Promise<string> {
  const { config } = plan;
  const learned = await learnedFrom(studio, root, plan);
  const path = newRunPath(studio.home, name ?? freshRunName(studio.home, root));
  if (from) requireFitting(from.checkpoint, config);
  const folder = RunFolder.create(path, {
    version: 1,
    name: basename(path),
    created: new Date().toISOString(),
    program: programVersion,
    folder: studio.folder(root),
    ...learned,
    threads: threadsOf(config.threads),
    config,
    ...(from && { from }),
  });
  try {
    if (from) await keepFirstWeights(path, from.checkpoint);
  } catch (error) {
    // Without them there is no such run.
    rmSync(path, { recursive: true, force: true });
    throw error;
  } finally {
    folder.dispose();
  }
  return path;
}

/**
 * The settings of a run that has not trained yet, for the images that there are by now: a length that was the preset's is so many crops, and
 * the momentum of the target encoder follows from it. What a person set stays.
 */
function settingsFor({ config, images, steps }: RunRecord, trained: number): Readonly<Record<string, unknown>> {
  const byPreset = config.preset !== 'auto' && config.steps === 0 && config.epochs === presetEpochs(config.preset, images, config);
  if (trained === images || !byPreset) return config;
  const { epochs: _epochs, momentum, ...others } = config;
  return isDeepStrictEqual(momentum, suggestedMomentum(steps)) ? others : { ...others, momentum };
}

/**
 * Writes what became known since into the record of a run before its first step: images that a scan has found or lost, the length
 * that the preset gives to so many, and the mean and deviation of the folder. A run that has trained keeps its record. Throws `no-images`, `not-found`, `bad-input`, `locked`.
 */
export async function settleRun(studio: Studio, run: string): Promise<void> {
  if (listCheckpoints(run).length > 0) return;
  const folder = RunFolder.open(run);
  try {
    const { record } = folder;
    const images = await studio.readImages(record.folder);
    const plan = planRun(studio, record.folder, settingsFor(record, images.trained), images);
    const config = await withFolderStatistics(studio, record.folder, plan.config);
    const settled: RunRecord = { ...record, ...(await learnedFrom(studio, record.folder, plan)), config };
    if (isDeepStrictEqual(settled, record)) return;
    writeFileAside(join(run, 'config.json'), `${JSON.stringify(settled, null, 2)}\n`);
  } finally {
    folder.dispose();
  }
}

/** Makes the folder of a new run whose images are decoded. Throws `bad-input` when the name is taken. */
export async function createRun(studio: Studio, root: string, plan: PlannedRun, name?: string, from?: RunRecord['from']): Promise<string> {
  const run = await beginRun(studio, root, plan, name, from);
  await settleRun(studio, run);
  return run;
}

/** The card was full, or failed over too large a piece of work, and the run has noted a smaller micro-batch: it can go on there from its last checkpoint. */
export class CardFull extends AppError {}

/**
 * Trains a run on a device from where it stands to its end or until `studio.trainer.control('stop')`, which may come at once. Throws
 * `CardFull` as well, and `out-of-memory` where nothing smaller is left to try: the card stays in use for other runs, and this one can go
 * on on the processor.
 */
export async function trainRun(
  studio: Studio,
  run: string,
  device: Pick<TrainJob, 'device' | 'reason' | 'precision' | 'microBatch' | 'onProcessor'>,
  onEvent: (event: TrainEvent) => void,
): Promise<void> {
  const { config, folder } = readRecord(run);
  const work = workOfRun(run);
  const shortSide = cachedShortSide(config.imageSize);
  const { all, fingerprint, labelsFrom } = studio.folderImages(folder);
  const pace = new Pace();
  let isSmaller = false;
  let began = 0;
  let hasGotOn = false;
  const see = (event: TrainEvent): void => {
    if (event.type === 'step') {
      pace.step(config.batchSize / event.imagesPerSecond, work(event.step) - work(event.step - 1));
      isSmaller = false;
    }
    if (event.type === 'started') began = event.step;
    if (event.type === 'checkpoint' && event.step > began) hasGotOn = true;
    // Not what was made smaller within the process: with that alone it would begin again as it did before.
    if (event.type === 'note' && event.fromCheckpoint) isSmaller = true;
    onEvent(event);
  };
  try {
    const job: TrainJob = {
      kind: 'train',
      run,
      cache: { folder: studio.cacheFor(preprocessingOf(config), shortSide), shortSide },
      optimised: join(studio.home.cache, 'graphs'),
      ...imagesToJudge(all, 'choosing'),
      fingerprint,
      ...(labelsFrom && { labelsFrom }),
      ...device,
    };
    const training = async (onTrained: (event: TrainEvent) => void): Promise<undefined> => studio.trainer.run(job, onTrained);
    // The processor answers, however slowly.
    await (device.device === 'cpu'
      ? training(see)
      : whileCardAnswers(studio.trainer, training, see, Math.min(config.evaluateImages, job.images.length)));
    const { secondsPerStep } = pace;
    if (secondsPerStep !== undefined) await studio.devices.noteStep(device.device, config, secondsPerStep, 'training');
  } catch (error) {
    if (isCardFault(error, device)) {
      if (isSmaller) {
        await studio.trainer.dispose();
        throw new CardFull(error.code, error.message, error.hint, error);
      }
      // It would fail again when the run goes on by itself.
      await cardFailed(studio.devices, studio.trainer, device.device, error, hasGotOn);
      if (error.code === 'out-of-memory') throw tooLarge(error, config);
    }
    throw error;
  }
}

/** Whether the system has ended the process that trained, most likely for want of memory: nothing is said of the card then. */
export const wasKilled = (error: unknown): error is AppError => error instanceof TrainerKilled;

/** Of a run that was told to use this card. */
const tooLarge = ({ code, message }: AppError, config: TrainConfig): AppError =>
  new AppError(code, message, `Let it go on on the processor (device=cpu) from its last checkpoint, or begin one ${whatFitsCard(config)}.`);

/** Whether a checkpoint is asked for by its file, which may lie anywhere. */
export const isCheckpointFile = (which: string): boolean => which !== 'best' && which !== 'latest' && !/^\d+$/.test(which);

/** Folder of the run that the file of a checkpoint lies in; undefined of one that lies elsewhere. */
export function runAround(checkpoint: string): string | undefined {
  const folder = dirname(resolve(checkpoint));
  return basename(folder) === 'checkpoints' && existsSync(join(folder, '..', 'config.json')) ? dirname(folder) : undefined;
}

/** The checkpoint meant by `best` (default), `latest`, a step, or a file. Throws `not-found`. */
export function checkpointOf(run: string, which = 'best'): string {
  if (isCheckpointFile(which)) {
    if (existsSync(which)) return which;
    throw new AppError('not-found', `There is no checkpoint ${which}.`, 'Give best, latest, a step, or the path of a checkpoint.');
  }
  const stored = listCheckpoints(run);
  const latest = stored.at(-1);
  if (!latest) throw new AppError('not-found', `The run in ${run} has no checkpoint yet.`, 'Train it for some steps first.');
  if (which === 'latest') return latest.file;
  // The newest is logged some seconds before its checkpoint is written.
  const best = [...readEvents(run, 'evaluation')].findLast((event) => event.best && stored.some((one) => one.step === event.step));
  const step = which === 'best' ? best?.step : Number(which);
  const found = stored.find((one) => one.step === step);
  if (!found && which !== 'best')
    throw new AppError('not-found', `The run has no checkpoint of step ${which}.`, `It has: ${stored.map((one) => one.step).join(', ')}.`);
  return (found ?? latest).file;
}

/** The record of a run. Throws `not-found`, `bad-config`. */
export const recordOf = (run: string): RunRecord => readRecord(run);

/** How much of a run is done before each of its steps, in steps of its average size. Throws `not-found`, `bad-config`. */
export function workOfRun(run: string): (step: number) => number {
  const { config, steps } = readRecord(run);
  return workOf(config, steps);
}

/** The settings of a checkpoint. Throws `bad-checkpoint`. */
export const configOf = (checkpoint: string): TrainConfig => readCheckpointHeader(checkpoint).config;

/** The step at which a checkpoint was written. Throws `bad-checkpoint`. */
export const stepOf = (checkpoint: string): number => readCheckpointHeader(checkpoint).step;

/** The name that the run had when a checkpoint of it was written. Throws `bad-checkpoint`. */
export const runNameOf = (checkpoint: string): string => readCheckpointHeader(checkpoint).run;

/** A checkpoint of a run as what another one begins with. Throws `bad-checkpoint`, `not-found`, `bad-config`. */
export function originAt(run: string, checkpoint: string): NonNullable<RunRecord['from']> {
  const { imported, weights } = readRecord(run);
  return { run: basename(run), step: stepOf(checkpoint), checkpoint, imported: imported !== undefined, ...(weights && { weights }) };
}
