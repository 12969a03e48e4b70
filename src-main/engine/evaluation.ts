// The evaluation of a run as a person asks for it.
import { preprocessingOf } from '../../shared/preprocessing.ts';
import { AppError } from '../../shared/errors.ts';
import type { EvaluationImage } from '../evaluation/protocol.ts';
import type { EvaluationReport } from '../evaluation/report.ts';
import { DecodeCache } from '../images/cache.ts';
import type { EvaluationProgress } from '../trainer/protocol.ts';
import type { Trainer } from '../trainer/trainer.ts';
import { readCheckpointHeader } from '../training/checkpoint.ts';
import { imagesOfSplits, imagesToJudge } from './judged-images.ts';
import type { JudgingSplits } from './judged-images.ts';
import { learnedFrom } from './learned-from.ts';
import { cachedShortSide } from './studio.ts';
import { threadsOf } from './threads.ts';
import type { SplitImage } from './folder-images.ts';
import type { Studio } from './studio.ts';

export { renderReport } from '../evaluation/report.ts';
export type { EvaluationProgress } from '../trainer/protocol.ts';

export interface EvaluateOptions {
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
  /** Aborted before the process has the work: it is not begun, and the signal's reason is thrown. From then on the trainer is told to end. */
  readonly signal?: AbortSignal;
}

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
    'None of these images is in the decode cache of this run.',
    'Make it again: ijepa-studio embed FOLDER reads what is missing.',
  );
}

/** What a person should know about the choice of images, in sentences. */
function notesOn(report: EvaluationReport, images: readonly EvaluationImage[], all: readonly SplitImage[], missing: number): string[] {
  const notes: string[] = [];
  const splitOf = new Map(all.map(({ hash, split }) => [hash, split]));
  const names = (side: 'train' | 'test'): string =>
    [...new Set(images.filter(({ split }) => split === side).map(({ hash }) => splitOf.get(hash) ?? side))].join(' and ');
  if (report.task === 'labels' && names('train') !== '' && names('test') !== '')
    notes.push(`Looked up in: ${names('train')}; asking: ${names('test')}.`);
  if (report.task === 'labels' && names('test') === 'train') notes.push('The images that ask are of the split that runs learn from.');
  if (missing > 0) notes.push(`${missing} images are not in the decode cache and were left out; scan the folder again to read them.`);
  return notes;
}

/** Measures a checkpoint beside both baselines. Throws `bad-checkpoint`, `no-images`. */
export async function evaluateRun(
  studio: Studio,
  options: EvaluateOptions,
  onProgress: (progress: EvaluationProgress) => void,
): Promise<EvaluationReport> {
  const { root, threads, splits, trainer = studio.trainer, signal, ...rest } = options;
  const { config } = readCheckpointHeader(options.checkpoint);
  const shortSide = cachedShortSide(config.imageSize);
  const folder = studio.cacheFor(preprocessingOf(config), shortSide);
  const { all } = await studio.readImages(root);
  const { images: wanted, queriesFor } = splits ? imagesOfSplits(all, root, splits) : imagesToJudge(all, options.purpose);
  const images = cachedImages(folder, wanted);
  signal?.throwIfAborted();
  const report = await trainer.run(
    {
      kind: 'evaluate',
      ...rest,
      cache: { folder, shortSide },
      images,
      learned: learnedFrom(studio.home.runs, options.run, root),
      // Splits that were named may be for one purpose alone.
      purpose: queriesFor === 'both' ? options.purpose : queriesFor,
      queriesFor,
      threads: threadsOf(threads),
      device: 'cpu',
    },
    onProgress,
  );
  return { ...report, notes: [...report.notes, ...notesOn(report, images, all, wanted.length - images.length)] };
}
