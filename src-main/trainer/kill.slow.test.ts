// kill -9 at twenty random moments of a run and of an embedding: afterwards every file can be read, no more than the steps since the
// last checkpoint is lost, and the result is that of a run that nobody disturbed. IJEPA_LONG=1 kills five times as often.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import type { EvaluationImage } from '../evaluation/evaluation-image.ts';
import { EmbeddingStore } from '../retrieval/embedding-store.ts';
import { loadCheckpoint } from '../training/run-folder/checkpoint.ts';
import { listCheckpoints, readRecord } from '../training/run-folder/run-folder.ts';
import { readEvents } from '../training/run-folder/run-log.ts';
import type { EmbedJob } from './protocol.ts';
import { embedJob, makeCache, makeRun, trainJob } from './testing/picture-cache.ts';
import { Trainer } from './trainer.ts';

const kills = process.env['IJEPA_LONG'] === '1' ? 100 : 20;
const folder = mkdtempSync(join(tmpdir(), 'ijepa-kill-'));
const cache = join(folder, 'cache');
const pictures = 5000;
let images: readonly EvaluationImage[] = [];

beforeAll(async () => {
  images = await makeCache(cache, pictures);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** When to kill: some milliseconds after the job was given, or after it said its first word. */
interface Life {
  readonly from: 'start' | 'first event';
  readonly ms: number;
}

/** Whether the job ended by itself before it was killed. */
async function runUntilKilled(
  job: EmbedJob | ReturnType<typeof trainJob>,
  life: Life | undefined,
  onEvent: (event: object) => void,
): Promise<boolean> {
  const trainer = new Trainer();
  let timer: NodeJS.Timeout | undefined;
  const begin = (from: Life['from']): void => {
    if (life?.from !== from || timer) return;
    timer = setTimeout(() => trainer.pid !== undefined && process.kill(trainer.pid, 'SIGKILL'), life.ms);
  };
  const done = trainer.run(job, (event) => {
    begin('first event');
    onEvent(event);
  });
  begin('start');
  try {
    await done;
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'trainer-crashed' });
    return false;
  } finally {
    clearTimeout(timer);
    await trainer.dispose();
  }
}

interface Pace {
  /** Milliseconds to the first event, and from there to the end. */
  readonly start: number;
  readonly work: number;
}

/** Times a job that nobody disturbs. */
async function undisturbed(job: EmbedJob | ReturnType<typeof trainJob>): Promise<Pace> {
  const began = performance.now();
  let first = 0;
  expect(await runUntilKilled(job, undefined, () => (first ||= performance.now()))).toBe(true);
  return { start: first - began, work: performance.now() - first };
}

/** Every fourth is killed while it starts, the others within `share` of the work. */
const randomLife = (random: Random, { start, work }: Pace, share: number): Life =>
  random.uniform() < 0.25 ? { from: 'start', ms: random.between(0, start) } : { from: 'first event', ms: random.between(0, share * work) };

/** Steps of a log, in order, without what depends on the clock. */
const stepsOf = (run: string): unknown[] =>
  [...readEvents(run)]
    .filter(({ type }) => type === 'step' || type === 'evaluation')
    .map((event) => ({ ...event, time: undefined, imagesPerSecond: undefined, waitedMs: undefined, memoryBytes: undefined }));

const settings = { checkpointSteps: 5, evaluateSteps: 50, batchSize: 8, microBatch: 4, agreement: 0.5, sigreg: 0.1, evaluateImages: 24 };
const steps = 100;
const whole = join(folder, 'whole');

/** A machine that does much else needs longer for forty processes to start. */
const timeout = 30_000 * kills;

it(`kill -9 of a run, ${kills} times at random`, { timeout }, async () => {
  const sample = images.slice(0, 400);
  makeRun(whole, settings, steps);
  const pace = await undisturbed(trainJob(whole, cache, sample));
  const expected = loadCheckpoint(listCheckpoints(whole).at(-1)!.file).state;
  expect(expected.step).toBe(steps);

  const random = new Random(1, 'test');
  let [killed, resumed] = [0, 0];
  for (let round = 0; killed < kills; round++) {
    const run = join(folder, `killed-${round}`);
    makeRun(run, settings, steps);
    let [saved, reached, done] = [0, 0, false];
    while (!done) {
      const before = { saved, reached, started: -1 };
      // From a process that has hardly started to one that has come far; after the last kill the run may end.
      const life = killed < kills ? randomLife(random, pace, 0.3) : undefined;
      done = await runUntilKilled(trainJob(run, cache, sample), life, (event) => {
        const { type, step } = event as { type: string; step: number };
        if (type === 'started') before.started = step;
        if (type === 'step') reached = step;
        if (type === 'checkpoint') saved = step;
      });
      if (!done) killed++;
      if (before.started >= 0) {
        // At most the steps since the last checkpoint are lost.
        expect(before.started).toBeGreaterThanOrEqual(before.saved);
        expect(before.started).toBeGreaterThanOrEqual(before.reached - settings.checkpointSteps);
        if (before.started > 0) resumed++;
      }
      expect(readRecord(run).steps).toBe(steps);
      const stored = listCheckpoints(run);
      for (const { file, step } of stored) expect(loadCheckpoint(file).state.step).toBe(step);
      expect(stored.at(-1)?.step ?? 0).toBeGreaterThanOrEqual(saved);
      const lines = [...readEvents(run)].length;
      if (lines > 0) expect(readFileSync(join(run, 'metrics.jsonl'), 'utf8').trimEnd().split('\n').length).toBe(lines);
    }
    expect(loadCheckpoint(listCheckpoints(run).at(-1)!.file).state).toEqual(expected);
    expect(stepsOf(run)).toEqual(stepsOf(whole));
  }
  expect(resumed).toBeGreaterThan(kills / 5);
});

it(`kill -9 of an embedding, ${kills} times at random`, { timeout }, async () => {
  const checkpoint = listCheckpoints(whole).at(-1)!.file;
  const jobIn = (store: string): EmbedJob => embedJob(join(folder, store), checkpoint, cache, images);
  const pace = await undisturbed(jobIn('whole-store'));
  const storeIn = (name: string): string => join(folder, name, readdirSync(join(folder, 'whole-store'))[0]!);
  const reference = await EmbeddingStore.openForReading(storeIn('whole-store'));
  expect(reference.rows).toBe(pictures);

  const random = new Random(2, 'test');
  let [killed, resumed] = [0, 0];
  for (let round = 0; killed < kills; round++) {
    const name = `killed-store-${round}`;
    let [rows, done] = [0, false];
    while (!done) {
      done = await runUntilKilled(jobIn(name), killed < kills ? randomLife(random, pace, 0.9) : undefined, () => {});
      if (!done) killed++;
      const opened = await EmbeddingStore.openForReading(storeIn(name)).catch((error: unknown) => {
        expect(rows).toBe(0);
        expect(error).toMatchObject({ code: 'not-found' });
      });
      if (!opened) continue;
      expect(opened.rows).toBeGreaterThanOrEqual(rows);
      if (rows > 0) resumed++;
      rows = opened.rows;
      const all = await opened.read(Uint32Array.from({ length: rows }, (_, row) => row));
      const same = await reference.read(Array.from({ length: rows }, (_, row) => reference.rowOf(opened.hashOf(row))!));
      expect(Buffer.compare(Buffer.from(all.buffer), Buffer.from(same.buffer))).toBe(0);
      if (done) expect(opened.missing(images.map(({ hash }) => hash))).toEqual([]);
      await opened.dispose();
    }
    expect(rows).toBe(pictures);
  }
  expect(resumed).toBeGreaterThan(0);
  await reference.dispose();
});
