import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import type { TrainEvent } from '../../shared/train-events.ts';
import type { EvaluationImage } from '../evaluation/evaluation-image.ts';
import { nodeArguments } from '../files/node-arguments.ts';
import { loadCheckpoint } from '../training/run-folder/checkpoint.ts';
import { listCheckpoints, RunFolder } from '../training/run-folder/run-folder.ts';
import { readEvents } from '../training/run-folder/run-log.ts';
import { smallRecord } from '../training/testing/small-run.ts';
import { graphsBeside, makeCache, makeRun, trainJob } from './testing/picture-cache.ts';
import { isRunning, until } from './testing/processes.ts';
import { Trainer } from './trainer.ts';

let folder = '';
let cache = '';
let run = '';
let images: readonly EvaluationImage[] = [];
let trainer = new Trainer();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ijepa-trainer-'));
  [cache, run] = [join(folder, 'cache'), join(folder, 'run')];
  images = await makeCache(cache, 40);
  trainer = new Trainer();
});
afterEach(async () => {
  await trainer.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const failureOf = async (work: Promise<unknown>): Promise<AppError> => {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AppError);
  expect((error as AppError).hint.length).toBeGreaterThan(10);
  return error as AppError;
};
const stored = (): number[] => listCheckpoints(run).map(({ step }) => step);
const job = (): ReturnType<typeof trainJob> => trainJob(run, cache, images);
const trial = { kind: 'trial', config: smallRecord().config, threads: 1, device: 'cpu' } as const;

describe('the trainer process', () => {
  it('is ended when it has had no work for a while, and started again for the next', async () => {
    const idle = new Trainer({ idleMs: 200 });
    try {
      await idle.run(trial);
      const first = idle.pid!;
      await until('the idle process to end', () => !isRunning(first));
      await idle.run(trial);
      expect(idle.pid).not.toBe(first);
    } finally {
      await idle.dispose();
    }
  });

  it('trains, pauses, goes on and stops on request, and then takes the next job', async () => {
    makeRun(run, {}, 100_000);
    const events: TrainEvent[] = [];
    const done = trainer.run(job(), (event) => {
      events.push(event);
      if (event.type === 'step' && event.step === 5) trainer.control('pause');
      if (event.type === 'paused') setTimeout(() => trainer.control('resume'), 100);
      if (event.type === 'resumed') trainer.control('stop');
    });
    await done;
    const kinds = events.map(({ type }) => type).filter((type) => type !== 'step');
    expect(kinds).toEqual(['started', 'checkpoint', 'paused', 'resumed', 'checkpoint', 'finished']);
    const paused = events.find(({ type }) => type === 'paused') as { step: number };
    expect(paused.step).toBeGreaterThanOrEqual(5);
    // Nothing was done in the pause.
    expect(events[events.findIndex(({ type }) => type === 'resumed') - 1]).toMatchObject({ type: 'paused' });
    expect(events.at(-1)).toMatchObject({ reason: 'stopped', step: stored().at(-1) });
    const { pid } = trainer;
    const figures = await trainer.run({ ...trial, embedding: true });
    for (const figure of ['seconds', 'compileSeconds', 'peakBytes', 'outsideShare'] as const)
      expect(figures[figure], figure).toBeGreaterThan(0);
    expect(figures.outsideShare).toBeLessThan(0.8);
    expect((await trainer.run(trial)).embedding).toBeUndefined();
    expect(trainer.pid).toBe(pid);
  });

  it('times steps with the cutting of their batches', async () => {
    const [small, large] = [await trainer.run({ ...trial, shortSide: 16 }), await trainer.run({ ...trial, shortSide: 1600 })];
    // Each of the large pictures is made smaller first, which takes far longer than these steps.
    expect(large.seconds).toBeGreaterThan(3 * small.seconds);
    expect(large.outsideShare).toBeGreaterThan(0.5);
  });

  it('keeps to the micro-batch that a run began with on a device, whatever would fit now: the weights are those of a run never stopped', async () => {
    const fitting = (count: number) => ({ ...job(), microBatch: { images: count, reason: `${count} fit.` } });
    const [settings, steps] = [{ microBatch: 0, batchSize: 8 }, 40];
    const trained = async (path: string, ...counts: readonly number[]): Promise<Record<string, Float32Array>> => {
      makeRun(path, settings, steps);
      for (const [i, count] of counts.entries()) {
        const isLast = i === counts.length - 1;
        await trainer.run({ ...fitting(count), run: path }, (event) => {
          if (!isLast && event.type === 'step' && event.step === 5) trainer.control('stop');
        });
      }
      return loadCheckpoint(listCheckpoints(path).at(-1)!.file).state.tensors;
    };
    const whole = await trained(join(folder, 'whole'), 2);
    const stopped = await trained(run, 2, 8);
    const started = [...readEvents(run, 'started')];
    expect(started.map(({ sizes }) => sizes.microBatch)).toEqual([2, 2]);
    expect(started.map(({ microBatchReason }) => microBatchReason)).toEqual([
      '2 fit.',
      '2 of 8 images in a pass, as on this device before.',
    ]);
    expect(started[1]!.step).toBeLessThan(steps);
    expect(stopped).toEqual(whole);
    expect(await trained(join(folder, 'other'), 8)).not.toEqual(whole);
    // The graph of a micro-batch was kept by its first run, and the others began with it.
    expect(readdirSync(graphsBeside(cache))).toHaveLength(2);
  });

  it('that is killed rejects every job that it had, and the next job starts a new one', async () => {
    makeRun(run, { checkpointSteps: 2 }, 100_000);
    const first = trainer.run(job(), (event) => event.type === 'step' && event.step === 7 && process.kill(trainer.pid!, 'SIGKILL'));
    const queued = trainer.run(trial);
    const before = trainer.pid;
    for (const error of await Promise.all([failureOf(first), failureOf(queued)])) {
      expect(error.code).toBe('trainer-crashed');
      expect(error.message).toContain('SIGKILL');
      expect(error.hint).toContain('last checkpoint');
    }
    expect(trainer.pid).toBeUndefined();
    let from = -1;
    await trainer.run(job(), (event) => {
      if (event.type === 'started') from = event.step;
      if (event.type === 'step') trainer.control('stop');
    });
    expect(trainer.pid).not.toBe(before);
    expect(from).toBeGreaterThanOrEqual(6);
  });

  it.skipIf(process.platform === 'win32')('that Ctrl-C ends while it only starts was cancelled, it did not crash', async () => {
    const other = new Trainer();
    const failure = failureOf(other.run(trial));
    process.kill(other.pid!, 'SIGINT');
    expect((await failure).code).toBe('cancelled');
  });

  it('that dies unseen while it is idle is replaced', async () => {
    await trainer.run(trial);
    const { pid } = trainer;
    process.kill(pid!, 'SIGKILL');
    // Without waiting: the handle may not know yet. A job that reached the dead process is rejected, never left hanging.
    const [first] = await Promise.allSettled([trainer.run(trial)]);
    if (first.status === 'rejected') expect(first.reason).toMatchObject({ code: 'trainer-crashed' });
    await until('the end of the process', () => !isRunning(pid!));
    expect((await trainer.run(trial)).seconds).toBeGreaterThan(0);
    expect(trainer.pid).not.toBe(pid);
  });

  it('is ended by dispose, with a checkpoint and a cancelled job', async () => {
    makeRun(run, {}, 100_000);
    let steps = 0;
    const done = failureOf(trainer.run(job(), (event) => event.type === 'step' && steps++));
    await until('some steps', () => steps > 3);
    const { pid } = trainer;
    await trainer.dispose();
    expect((await done).code).toBe('cancelled');
    expect(isRunning(pid!)).toBe(false);
    expect(stored().at(-1)).toBeGreaterThanOrEqual(steps);
    await trainer.dispose();
  });

  it('hears a stop that was sent with the job, before there was a process', async () => {
    makeRun(run, {}, 100_000);
    const events: TrainEvent[] = [];
    const done = trainer.run(job(), (event) => events.push(event));
    trainer.control('stop');
    await done;
    expect(events.at(-1)).toMatchObject({ type: 'finished', reason: 'stopped', step: 0 });
    // The next job is not stopped by it.
    expect((await trainer.run(trial)).seconds).toBeGreaterThan(0);
  });

  it('that is asked to end by the system keeps a checkpoint first', async () => {
    makeRun(run, {}, 100_000);
    const events: TrainEvent[] = [];
    await trainer.run(job(), (event) => {
      events.push(event);
      if (event.type === 'step' && event.step === 4) process.kill(trainer.pid!, 'SIGTERM');
    });
    expect(events.at(-1)).toMatchObject({ type: 'finished', reason: 'stopped', step: stored().at(-1) });
    await until('the end of the process', () => trainer.pid === undefined);
  });

  it('hears a stop while it judges the run, and goes on with that evaluation', async () => {
    const many = await makeCache(join(folder, 'many'), 600);
    const model = { width: 64, depth: 4, heads: 4 };
    makeRun(run, { ...model, evaluateImages: 600, evaluateSteps: 2 }, 2);
    const judged = trainJob(run, join(folder, 'many'), many);
    const trained = async (onEvent: (event: TrainEvent) => void): Promise<string[]> => {
      const kinds: string[] = [];
      await trainer.run(judged, (event) => {
        kinds.push(event.type === 'finished' ? event.reason : event.type);
        onEvent(event);
      });
      return kinds.filter((kind) => kind !== 'note');
    };
    const stopped = await trained((event) => event.type === 'step' && event.step === 2 && trainer.control('stop'));
    expect(stopped).toEqual(['started', 'baselines', 'step', 'step', 'checkpoint', 'stopped']);
    expect(stored()).toEqual([2]);
    const again = await trained(() => {});
    expect(again).toEqual(['started', 'evaluation', 'neighbours', 'checkpoint', 'done']);
  });

  it('is ended at once by kill', async () => {
    makeRun(run, {}, 100_000);
    const done = failureOf(trainer.run(job(), (event) => event.type === 'step' && trainer.kill()));
    expect((await done).code).toBe('cancelled');
    trainer.kill();
  });

  it('ends with its engine, however that ends: with a checkpoint, and the decoders too', async () => {
    makeRun(run, {}, 100_000);
    const script = join(import.meta.dirname, 'testing/own-a-trainer.ts');
    const engine = spawn(process.execPath, [...nodeArguments, script, JSON.stringify(job())], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let pids: number[] = [];
    let step = 0;
    createInterface(engine.stdout).on('line', (line) => {
      const said = JSON.parse(line) as { pids?: number[]; step?: number };
      pids = said.pids ?? pids;
      step = said.step ?? step;
    });
    await until('training', () => step > 10);
    expect(pids.length).toBe(3);
    expect(pids.every(isRunning)).toBe(true);
    engine.kill('SIGKILL');
    await until('the end of all its processes', () => !pids.some(isRunning));
    expect(stored().at(-1)).toBeGreaterThanOrEqual(step);
    expect(loadCheckpoint(listCheckpoints(run).at(-1)!.file).state.step).toBe(stored().at(-1));
    expect([...readEvents(run)].at(-1)).toMatchObject({ type: 'finished', reason: 'stopped' });
    expect(readdirSync(run)).not.toContain('lock');
  });
});

describe('a job that cannot be done says so', () => {
  it('while another process has the run', async () => {
    makeRun(run, {}, 10);
    const held = RunFolder.open(run);
    const error = await failureOf(trainer.run(job()));
    expect(error.code).toBe('locked');
    expect(error.message).toContain(`process ${process.pid}`);
    held.dispose();
    await trainer.run(job());
    expect(stored().at(-1)).toBe(10);
  });

  it('without its cache, with an empty one, and where there is no run', async () => {
    expect((await failureOf(trainer.run(job()))).code).toBe('not-found');
    makeRun(run, {}, 10);
    expect((await failureOf(trainer.run({ ...job(), cache: { folder: join(folder, 'none'), shortSide: 24 } }))).code).toBe('not-found');
    await makeCache(join(folder, 'empty'), 0);
    const error = await failureOf(trainer.run({ ...job(), cache: { folder: join(folder, 'empty'), shortSide: 24 } }));
    expect(error).toMatchObject({ code: 'no-images', hint: expect.stringMatching(/scan FOLDER/) as unknown });
    // The run is not locked by what failed.
    await trainer.run(job());
  });

  it('when every picture of the cache is damaged', async () => {
    makeRun(run, {}, 10);
    damage(cache, 40);
    const error = await failureOf(trainer.run(job()));
    expect(error.code).toBe('no-images');
  });
});

/** Overwrites a byte in each of the first `count` pictures. */
function damage(cacheFolder: string, count: number): void {
  const shard = openSync(join(cacheFolder, 'shard-00000.bin'), 'r+');
  for (let i = 0; i < count; i++) writeSync(shard, Uint8Array.of(i % 251, 1, 2, 3, 4), 0, 5, i * 24 * 24 * 3);
  closeSync(shard);
}

describe('pictures that are lost', () => {
  it('are replaced and counted, and the run ends well', async () => {
    makeRun(run, {}, 10);
    damage(cache, 3);
    const counts: number[] = [];
    await trainer.run(job(), (event) => event.type === 'step' && counts.push(event.skippedImages));
    expect(counts.length).toBe(10);
    // Ten batches of four are one epoch: each of the three is asked for once.
    expect(counts.at(-1)).toBe(3);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  });

  it('with the whole folder, while training, cost no more than an error that says so', async () => {
    makeRun(run, { checkpointSteps: 5 }, 40);
    const result = await trainer
      .run(job(), (event) => event.type === 'step' && event.step === 6 && rmSync(cache, { recursive: true, force: true }))
      .catch((error: unknown) => error);
    // Where open files outlive their folder the run goes on to its end.
    if (result !== undefined) expect(result).toMatchObject({ code: expect.stringMatching(/not-found|no-images/) as unknown });
    expect(stored().length).toBeGreaterThan(0);
    expect((await failureOf(trainer.run(job()))).code).toBe('not-found');
  });

  it('from the catalogue since the run began are noted', async () => {
    makeRun(run, {}, 10);
    const notes: string[] = [];
    await trainer.run(
      { ...job(), images: images.slice(1), fingerprint: 'another' },
      (event) => event.type === 'note' && notes.push(event.message),
    );
    expect(notes).toEqual([expect.stringContaining('have changed')]);
  });
});
