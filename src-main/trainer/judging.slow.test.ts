import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { TrainEvent } from '../../shared/train-events.ts';
import type { EvaluationImage } from '../evaluation/evaluation-image.ts';
import type { EvaluationReport } from '../evaluation/report.ts';
import { DecodeCache } from '../images/cache.ts';
import { labelFingerprint } from '../training/judging/label-fingerprint.ts';
import { RunControl } from '../training/run-control.ts';
import { listCheckpoints, RunFolder } from '../training/run-folder/run-folder.ts';
import { littleMemory } from '../training/testing/little-memory.ts';
import { smallRecord } from '../training/testing/small-run.ts';
import { runEvaluateJob } from './evaluate-job.ts';
import type { EvaluationProgress } from './protocol.ts';
import { makeCache, makeRun, trainJob } from './testing/picture-cache.ts';
import { runTrainJob } from './train-job.ts';

let folder = '';
let [cache, run] = ['', ''];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ijepa-judging-'));
  [cache, run] = [join(folder, 'cache'), join(folder, 'run')];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Overwrites some bytes of pictures by their place in the cache. */
function damage(places: readonly number[]): void {
  const shard = openSync(join(cache, 'shard-00000.bin'), 'r+');
  for (const place of places) writeSync(shard, Uint8Array.of(1, 2, 3, 4, 5), 0, 5, place * 24 * 24 * 3);
  closeSync(shard);
}

async function train(settings: Readonly<Record<string, unknown>>, images: readonly EvaluationImage[], steps = 4): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  makeRun(run, settings, steps);
  await runTrainJob(trainJob(run, cache, images), new RunControl(), (event) => events.push(event));
  return events;
}

const evaluate = async (
  images: readonly EvaluationImage[],
  onEvent: (event: EvaluationProgress) => void = () => {},
  checkpoint = listCheckpoints(run).at(-1)!.file,
): Promise<EvaluationReport> =>
  runEvaluateJob(
    {
      kind: 'evaluate',
      learned: 'here',
      run,
      checkpoint,
      cache: { folder: cache, shortSide: 24 },
      images,
      purpose: 'choosing',
      bankPerClass: 1000,
      queriesPerClass: 200,
      pixelSide: 8,
      probe: false,
      threads: 1,
      device: 'cpu',
    },
    onEvent,
  );

it('a damaged picture is left out of an evaluation as if it were not there, and counted', async () => {
  const images = await makeCache(cache, 60);
  await train({}, images);
  const ordered = images.toSorted((a, b) => (a.hash < b.hash ? -1 : 1));
  const half = ordered.slice(0, 30);
  // Of those that ask and of those that the spaces are fitted on.
  const lost = [half[0]!, half[9]!, ordered[59]!];
  damage(lost.map((image) => images.indexOf(image)));
  const told: EvaluationProgress[] = [];
  const report = await evaluate(images, (event) => told.push(event));
  // Two crops of 60 images for each of three sources; what is lost counts as looked at, so that each comes to its end.
  expect(told.filter(({ part }) => part === 'figures').map(({ source, done, total }) => [source, done, total])).toEqual([
    [0, 120, 360],
    [1, 240, 360],
    [2, 360, 360],
  ]);
  expect(told[0]).toMatchObject({ stage: 'this run', part: 'pictures', done: 0 });
  expect(told.every(({ done }, i) => i === 0 || done >= told[i - 1]!.done)).toBe(true);
  expect(report).toMatchObject({ task: 'crops', queries: 28, unreadable: 3 });
  expect(report.notes.at(-1)).toContain('3 decoded images are damaged');
  expect(report.notes).toContain('The spaces are fitted on the crops of 29 other images.');
  // Its crops need not agree.
  expect(report.notes.join(' ')).toContain(' Training has seen these same images. A lead');
  for (const { spaces } of report.rows) expect(spaces.raw.cropRecall).toBeGreaterThanOrEqual(0);
  await expect(evaluate(lost)).rejects.toMatchObject({ code: 'no-images' });
});

it('a run that began with weights of another is measured beside those, unless they are gone, which is said', async () => {
  const images = await makeCache(cache, 60);
  const other = join(folder, 'other');
  makeRun(other, { seed: 3 }, 2);
  await runTrainJob(trainJob(other, cache, images), new RunControl(), () => {});
  const { file: checkpoint, step } = listCheckpoints(other).at(-1)!;
  RunFolder.create(run, {
    ...smallRecord({ evaluateImages: 40, evaluateSteps: 1, keepCheckpoints: 1 }, 3),
    from: { run: 'other', step, checkpoint },
  }).dispose();
  const events: TrainEvent[] = [];
  await runTrainJob(trainJob(run, cache, images), new RunControl(), (event) => events.push(event));
  expect(events[0]).toMatchObject({ type: 'started', judged: true });
  expect(events.find(({ type }) => type === 'baselines')).toMatchObject({
    origin: { step: 0, predictionMargin: expect.any(Number) as number },
  });
  const told: EvaluationProgress[] = [];
  const report = await evaluate(images, (event) => told.push(event));
  expect(report.rows.map(({ source }) => source)).toEqual(['run', 'origin', 'untrained', 'pixels']);
  expect(report.headline).toContain('weights it began with');
  expect(told.at(-1)).toMatchObject({ stage: 'the weights it began with', source: 3, sources: 4, done: 480, total: 480 });
  // They are those of the other run: measured by themselves they have the same figures.
  const row = report.rows.find(({ source }) => source === 'origin')!;
  const [alone] = (await evaluate(images, undefined, checkpoint)).rows;
  expect(row.spaces).toEqual(alone!.spaces);
  rmSync(listCheckpoints(run)[0]!.file);
  const without = await evaluate(images);
  expect(without.rows.map(({ source }) => source)).toEqual(['run', 'untrained', 'pixels']);
  expect(without.notes.at(-1)).toContain('began with are no longer kept');
});

it.each([1, 2, 3])('%i images to judge by are no evaluation, which is said, and no dead run', async (evaluateImages) => {
  const events = await train({ evaluateImages, evaluateSteps: 2 }, await makeCache(cache, 12));
  const notes = events.filter((event) => event.type === 'note').map(({ message }) => message);
  expect(notes).toEqual([expect.stringContaining('Nothing is evaluated while this run trains')]);
  expect(events[0]).toMatchObject({ type: 'started', judged: false });
  expect(events.at(-1)).toMatchObject({ type: 'finished', reason: 'done', step: 4 });
  expect(events.some(({ type }) => type === 'evaluation' || type === 'baselines')).toBe(false);
});

it('a run goes on when most pictures that judge it are damaged, and says why it is not judged', async () => {
  const images = await makeCache(cache, 12);
  const ordered = images.toSorted((a, b) => (a.hash < b.hash ? -1 : 1));
  damage([images.indexOf(ordered[0]!)]);
  // Four images: two ask, two are fitted on.
  const events = await train({ evaluateImages: 8, evaluateSteps: 4 }, images);
  expect(events.filter((event) => event.type === 'note').map(({ message }) => message)).toEqual([
    expect.stringMatching(/^No evaluation: .* here there are 1 and 2\.$/),
  ]);
  expect(events.at(-1)).toMatchObject({ type: 'finished', reason: 'done' });
});

it('a run that goes on after labels or splits have changed says so, and goes on', async () => {
  const images = (await makeCache(cache, 24)).map((image, i) => ({ ...image, label: i % 2 === 0 ? 'even' : 'odd' }));
  RunFolder.create(run, { ...smallRecord({}, 6), labels: labelFingerprint(images) }).dispose();
  const notesOf = async (some: readonly EvaluationImage[], until: number): Promise<string[]> => {
    const control = new RunControl();
    const notes: string[] = [];
    await runTrainJob(trainJob(run, cache, some), control, (event) => {
      if (event.type === 'note') notes.push(event.message);
      if (event.type === 'step' && event.step === until) control.stop();
    });
    return notes;
  };
  const changed = expect.stringContaining('labels or splits of the folder have changed') as string;
  expect(await notesOf(images, 2)).toEqual([]);
  expect(await notesOf(images, 3)).toEqual([]);
  expect(await notesOf([{ ...images[0]!, label: 'odd' }, ...images.slice(1)], 4)).toEqual([changed]);
  expect(await notesOf([{ ...images[0]!, split: 'test' }, ...images.slice(1)], 5)).toEqual([changed]);
  expect(await notesOf(images, 6)).toEqual([]);
  expect(listCheckpoints(run).at(-1)!.step).toBe(6);
});

it('a run that is judged by fewer images says how many fewer, once', async () => {
  const images = await makeCache(cache, 12);
  const ordered = images.toSorted((a, b) => (a.hash < b.hash ? -1 : 1));
  damage([images.indexOf(ordered[0]!)]);
  const events = await train({ evaluateImages: 24, evaluateSteps: 1 }, images);
  expect(events.find(({ type }) => type === 'baselines')).toMatchObject({ untrained: { unreadable: 1 } });
  expect(events.filter(({ type }) => type === 'evaluation')).toHaveLength(4);
  expect(events.filter((event) => event.type === 'note' && event.message.startsWith('1 decoded images of the evaluation'))).toHaveLength(1);
});

it('lets go of the pictures also where an evaluation fails', async () => {
  const images = await makeCache(cache, 40);
  await train({ evaluateImages: 0 }, images);
  const closed = vi.spyOn(DecodeCache.prototype, 'dispose');
  try {
    const others = images.map((image, i) => ({ ...image, hash: String(i).padStart(64, '0') }));
    await expect(evaluate(others)).rejects.toMatchObject({ code: 'no-images' });
    expect(closed).toHaveBeenCalledTimes(1);
    await expect(evaluate(images, () => {}, join(folder, 'none.safetensors'))).rejects.toMatchObject({ code: 'not-found' });
    expect(closed).toHaveBeenCalledTimes(2);
  } finally {
    closed.mockRestore();
  }
});

it('a device without memory for as many images as are evaluated at once has fewer of them, and the same micro-batches', async () => {
  const images = await makeCache(cache, 60);
  const settings = { evaluateImages: 60, evaluateSteps: 2, microBatch: 0 };
  const usual = await train(settings, images);
  rmSync(run, { recursive: true });
  try {
    const memory = littleMemory(24 * 24 * 3);
    makeRun(run, settings, 4);
    const events: TrainEvent[] = [];
    await runTrainJob(trainJob(run, cache, images), new RunControl(), (event) => {
      events.push(event);
      // After the baselines: something else has taken memory.
      if (event.type === 'step') memory.most = 8;
    });
    expect(memory.failed).toBeGreaterThan(0);
    const notes = events.filter((event) => event.type === 'note');
    expect(notes.map(({ step, message }) => [step, message])).toContainEqual([
      2,
      'Memory is too small to evaluate 64 images at once; evaluations go on with 8.',
    ]);
    expect(notes.filter(({ message }) => message.startsWith('Memory'))).toHaveLength(1);
    expect(notes.every(({ microBatch, fromCheckpoint }) => microBatch === undefined && fromCheckpoint === undefined)).toBe(true);
    const losses = (of: readonly TrainEvent[]): number[] => of.flatMap((event) => (event.type === 'step' ? [event.loss] : []));
    expect(losses(events)).toEqual(losses(usual));
    const scores = (of: readonly TrainEvent[]): unknown[] => of.flatMap((event) => (event.type === 'evaluation' ? [event.whitened] : []));
    expect(scores(events)).toEqual(scores(usual));
    expect(scores(events)).toHaveLength(2);
  } finally {
    vi.restoreAllMocks();
  }
});
