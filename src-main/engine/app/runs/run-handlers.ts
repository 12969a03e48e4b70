// Answers of the channels about runs.
import { basename } from 'node:path';
import type {
  Baselines,
  EvaluationSummary,
  PinnedNeighbours,
  RunDetails,
  runChannels,
  RunSeries,
} from '../../../../shared/contract/contract-runs.ts';
import { readingOf } from '../../../../shared/contract/reading-jobs.ts';
import type { Handlers } from '../../../../shared/contract/rpc-server.ts';
import { AppError } from '../../../../shared/errors.ts';
import { moveRun } from '../../../../shared/run-state.ts';
import type { TrainEvent } from '../../../../shared/train-events.ts';
import { inPieces } from '../../../files/in-pieces.ts';
import { memoryToUse } from '../../../files/memory.ts';
import { imagesOfContents } from '../../../library/content-images.ts';
import { findFolder, folderOf } from '../../../library/folders.ts';
import { imagePlace } from '../../../library/image-details.ts';
import { Trainer } from '../../../trainer/trainer.ts';
import { judgedSince } from '../../../training/judging/health.ts';
import { besideTrialInPieces } from '../../../training/plan/memory-plan.ts';
import { sizesOf, stepSize } from '../../../training/plan/step-size.ts';
import { changeAppFile, readAppFile } from '../../../training/run-folder/app-file.ts';
import { readRecord } from '../../../training/run-folder/run-folder.ts';
import { asChosen } from '../../devices/chosen-device.ts';
import { feedOf } from '../../runs/feed.ts';
import { trialJob } from '../../runs/pace.ts';
import { beginRun, originAt, planRunHere } from '../../runs/runs.ts';
import { threadsOf } from '../../threads.ts';
import type { EngineContext } from '../context.ts';
import { deleteRun, renameRun } from './run-edit.ts';
import { runNotes } from './run-notes.ts';
import { planForPage } from './run-plan.ts';
import { readReports, startEvaluation } from './run-reports.ts';
import { usableThreads } from './run-trainings.ts';
import type { Runs } from './runs.ts';

/** Numbers of the images of a folder with these contents; contents without one are left out. */
function imageIds({ library }: EngineContext['studio'], folder: string, hashes: Iterable<string>): Map<string, number> {
  const { id } = findFolder(library, folder) ?? {};
  if (id === undefined) return new Map();
  return new Map([...imagesOfContents(library, id, new Set(hashes))].map(([hash, image]) => [hash, image.id]));
}

const baselinesOf = ({ untrained, pixels, origin }: Extract<TrainEvent, { type: 'baselines' }>): Baselines => ({
  untrained,
  pixels,
  ...(origin && { origin }),
});

async function details({ studio }: EngineContext, { store, trainings }: Runs, run: string): Promise<RunDetails> {
  const path = store.path(run);
  const { config, threads, program, folder, from, weights } = readRecord(path);
  const summary = await store.summary(run, trainings.active(run));
  const log = await store.log(run);
  const { pinned, usable } = readAppFile(path);
  const looked = log.events.findLast((event) => event.type === 'neighbours');
  const hashes = pinned.length > 0 || looked?.type !== 'neighbours' ? pinned : looked.rows.map(({ hash }) => hash);
  const ids = imageIds(studio, folder, hashes);
  const baselines = log.events.findLast((event) => event.type === 'baselines');
  const started = log.events.findLast((event) => event.type === 'started');
  return {
    summary,
    config,
    threads,
    program,
    path,
    usable,
    weights,
    origin: from && { run: from.run, step: from.step, imported: from.imported, weights: from.weights },
    trainedOn: started?.type === 'started' ? (started.deviceReason ?? started.device) : undefined,
    sizes: started?.type === 'started' ? started.sizes : summary.imported ? undefined : sizesOf(stepSize(config), config),
    baselines: baselines?.type === 'baselines' ? baselinesOf(baselines) : undefined,
    evaluations: log.events.filter((event) => event.type === 'evaluation'),
    judged: started?.type === 'started' ? started.judged : undefined,
    judgedSince: judgedSince(log.events),
    notes: runNotes(log.events),
    pinned: hashes.flatMap((hash) => ids.get(hash) ?? []),
    pinnedByHand: pinned.length > 0,
  };
}

async function pinnedNeighbours({ studio }: EngineContext, { store }: Runs, run: string): Promise<PinnedNeighbours[]> {
  const { folder } = readRecord(store.path(run));
  const events = (await store.log(run)).events.filter((event) => event.type === 'neighbours');
  const hashes = events.flatMap(({ rows }) => rows.flatMap(({ hash, neighbours }) => [hash, ...neighbours.map((one) => one.hash)]));
  const ids = imageIds(studio, folder, hashes);
  return events.map(({ step, rows }) => ({
    step,
    rows: rows.flatMap(({ hash, neighbours }) => {
      const image = ids.get(hash);
      if (image === undefined) return [];
      const found = neighbours.flatMap((one) => (ids.has(one.hash) ? [{ image: ids.get(one.hash)!, score: one.score }] : []));
      return [{ image, neighbours: found }];
    }),
  }));
}

/** Throws `locked` while a folder is being read: what is suggested for a part of its images, and agreed to, would be another run. */
function requireRead({ jobs }: EngineContext, folder: number, root: string): void {
  if (!readingOf(folder, jobs.list())) return;
  throw new AppError(
    'locked',
    `${basename(root)} is still being read, and what a run takes follows from all of its images.`,
    'Start the run when the folder is read, or stop reading it to learn from the images that are there by then.',
  );
}

/** Times a few steps in a process of its own, whose memory is that of the trial. Throws `locked` while a run trains, `bad-config`. */
async function trial(
  { studio, jobs }: EngineContext,
  { trainings }: Runs,
  folder: number,
  settings: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
) {
  const { path } = folderOf(studio.library, folder);
  const images = await studio.readImages(path);
  const { config, steps } = await planRunHere(studio, path, settings, images);
  const feed = feedOf(images, config);
  if (trainings.busy)
    throw new AppError(
      'locked',
      'A run is being trained: a trial beside it would measure both.',
      'Measure when it has ended or is stopped.',
    );
  // Who asked may have left while the run was planned.
  signal.throwIfAborted();
  let measured: { readonly seconds: number; readonly peakBytes: number; readonly reason: string } | undefined;
  const job = jobs.start('trial', { subject: basename(path), folder, queue: 'trainer' }, async (handle) => {
    const trainer = new Trainer();
    const kill = (): void => trainer.kill();
    handle.signal.addEventListener('abort', kill);
    try {
      const { signal: cancelled } = handle;
      const chosen = await studio.devices.choose(config.device, config, {
        signal: cancelled,
        onStage: (stage) => handle.say(stage),
        feed,
      });
      const { device, reason } = chosen;
      const fitting = asChosen(config, chosen);
      const { seconds, peakBytes } = await trainer.run(trialJob(fitting, device, images.size));
      const onThreads = { ...fitting, threads: threadsOf(fitting.threads) };
      const beside = await inPieces(besideTrialInPieces(onThreads, feed, device === 'cpu' || chosen.onProcessor === true));
      measured = { seconds, peakBytes: Math.round(peakBytes + beside), reason };
      await studio.devices.noteStep(device, config, measured.seconds, 'trial');
      return `${measured.seconds.toPrecision(2)} s a step.`;
    } finally {
      handle.signal.removeEventListener('abort', kill);
      await trainer.dispose();
    }
  });
  signal.addEventListener('abort', () => jobs.cancel(job));
  await jobs.wait(job);
  const { seconds, peakBytes, reason } = measured!;
  return { secondsPerStep: seconds, secondsTotal: seconds * steps, peakBytes, memoryFree: memoryToUse(), device: reason };
}

export function runHandlers(context: EngineContext, runs: Runs): Handlers<typeof runChannels> {
  const { studio } = context;
  const { store, trainings, list } = runs;
  const forever = async (signal: AbortSignal, stop: () => void): Promise<void> =>
    new Promise((resolve) => {
      const end = (): void => {
        stop();
        resolve();
      };
      if (signal.aborted) end();
      else signal.addEventListener('abort', end);
    });
  return {
    'runs.list': async () => list.list(),
    'runs.watch': async (_input, { signal, emit }) => {
      const stop = list.watch(emit);
      try {
        emit(await list.list());
      } catch (error) {
        stop();
        throw error;
      }
      return forever(signal, stop);
    },
    'runs.details': async ({ run }) => details(context, runs, run),
    'runs.plan': async ({ folder, settings, fromWeights = false }) =>
      planForPage(studio, folderOf(studio.library, folder).path, settings, fromWeights),
    'runs.trial': async ({ folder, settings }, { signal }) => trial(context, runs, folder, settings, signal),
    'runs.start': async ({ folder, settings, name, note, usable, from }) => {
      const { path: root } = folderOf(studio.library, folder);
      requireRead(context, folder, root);
      const threads = usable && !settings['threads'] ? { threads: usableThreads() } : {};
      const plan = await planRunHere(studio, root, { ...settings, ...threads }, await studio.readImages(root));
      const begun = from && originAt(store.path(from.run), await store.checkpoint(from.run, from.checkpoint));
      const path = await beginRun(studio, root, plan, name, begun);
      if (note) changeAppFile(path, { note });
      const run = basename(path);
      return { job: trainings.start(run, usable), run };
    },
    'runs.resume': async ({ run, usable, device }) => {
      const { state } = await store.summary(run, trainings.active(run));
      moveRun(state, 'waiting');
      return { job: trainings.start(run, usable, { deaths: 0, ...(device !== undefined && { device }) }) };
    },
    'runs.control': ({ run, action }) => {
      store.path(run);
      trainings.control(run, action);
    },
    'runs.note': ({ run, note }) => {
      changeAppFile(store.path(run), { note });
      list.changed();
    },
    'runs.rename': async ({ run, name }) => {
      await runs.released(run);
      renameRun(context, store, run, name);
      list.changed();
    },
    'runs.delete': async ({ run }) => {
      await runs.released(run);
      const freed = await deleteRun(context, store, run);
      list.changed();
      return { freed };
    },
    'runs.events': async ({ run }, { signal, emit }) => {
      const { state, problem } = await store.summary(run, trainings.active(run));
      const stop = trainings.watch(run, emit);
      emit({ type: 'state', state: trainings.active(run)?.state ?? state, ...(problem !== undefined && { problem }) });
      return forever(signal, stop);
    },
    'runs.series': async ({ run, metrics, from, to, points }): Promise<RunSeries> => {
      const log = await store.log(run);
      return { last: log.last, series: Object.fromEntries(metrics.map((metric) => [metric, log.series(metric, from, to, points)])) };
    },
    'runs.pin': ({ run, images }) => {
      const path = store.path(run);
      const { folder } = readRecord(path);
      const places = images.map((image) => imagePlace(studio.library, image));
      const own = imageIds(
        studio,
        folder,
        places.flatMap(({ hash }) => hash ?? []),
      );
      const hashes = places.map(({ hash, path: name, root }) => {
        if (hash === null) throw new AppError('bad-input', `${name} was never read and cannot be looked at.`, 'Pin another image.');
        if (root === folder || own.has(hash)) return hash;
        const learned = basename(folder) || folder;
        throw new AppError(
          'bad-input',
          `${name} is not among the images of ${learned}, which the run learns from.`,
          'Pin images of that folder.',
        );
      });
      changeAppFile(path, { pinned: [...new Set(hashes)] });
    },
    'runs.pinned': async ({ run }) => pinnedNeighbours(context, runs, run),
    'runs.evaluate': async (input) => startEvaluation(context, runs, input),
    'runs.reports': ({ run }): readonly EvaluationSummary[] => readReports(store.path(run)),
  };
}
