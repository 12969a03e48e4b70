import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { TrainEvent } from '../../shared/train-events.ts';
import type { EvaluationImage } from '../evaluation/protocol.ts';
import type { EvaluationReport } from '../evaluation/report.ts';
import { listCheckpoints } from '../training/run-folder.ts';
import { RunControl } from '../training/run-control.ts';
import { runEvaluateJob } from './evaluate-job.ts';
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

const evaluate = async (images: readonly EvaluationImage[]): Promise<EvaluationReport> =>
  runEvaluateJob(
    {
      kind: 'evaluate',
      run,
      checkpoint: listCheckpoints(run).at(-1)!.file,
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
    () => {},
  );

it('a damaged picture is left out of an evaluation as if it were not there, and counted', async () => {
  const images = await makeCache(cache, 60);
  await train({}, images);
  const ordered = images.toSorted((a, b) => (a.hash < b.hash ? -1 : 1));
  const half = ordered.slice(0, 30);
  // Of those that ask and of those that the spaces are fitted on.
  const lost = [half[0]!, half[9]!, ordered[59]!];
  damage(lost.map((image) => images.indexOf(image)));
  const report = await evaluate(images);
  expect(report).toMatchObject({ task: 'crops', queries: 28, unreadable: 3 });
  expect(report.notes.at(-1)).toContain('3 images are damaged');
  expect(report.notes).toContain('The spaces are fitted on the crops of 29 other images.');
  for (const { spaces } of report.rows) expect(spaces.raw.cropRecall).toBeGreaterThanOrEqual(0);
  await expect(evaluate(lost)).rejects.toMatchObject({ code: 'no-images' });
});

it.each([1, 2, 3])('%i images to judge by are no evaluation, which is said, and no dead run', async (evaluateImages) => {
  const events = await train({ evaluateImages, evaluateSteps: 2 }, await makeCache(cache, 12));
  const notes = events.filter((event) => event.type === 'note').map(({ message }) => message);
  expect(notes).toEqual([expect.stringContaining('Nothing is evaluated while this run trains')]);
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
    expect.stringMatching(/^No evaluation: .* here are 1 and 2\.$/),
  ]);
  expect(events.at(-1)).toMatchObject({ type: 'finished', reason: 'done' });
});

it('a run that is judged by fewer images says how many fewer, once', async () => {
  const images = await makeCache(cache, 12);
  const ordered = images.toSorted((a, b) => (a.hash < b.hash ? -1 : 1));
  damage([images.indexOf(ordered[0]!)]);
  const events = await train({ evaluateImages: 24, evaluateSteps: 1 }, images);
  expect(events.find(({ type }) => type === 'baselines')).toMatchObject({ untrained: { unreadable: 1 } });
  expect(events.filter(({ type }) => type === 'evaluation')).toHaveLength(4);
  expect(events.filter((event) => event.type === 'note' && event.message.startsWith('1 images of the evaluation'))).toHaveLength(1);
});
