// A run as a page looks at it: a long one takes no more memory than a short one, stale answers are dropped, errors never are.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { JobStatus } from '../../../shared/contract/contract-jobs.ts';
import type { RunEvent, RunSeries } from '../../../shared/contract/contract-runs.ts';
import type { EngineState } from '../../../shared/contract/messages.ts';
import { AppError } from '../../../shared/errors.ts';
import type { StepMetrics, TrainEvent } from '../../../shared/train-events.ts';
import type { Studio } from '../studio.svelte.ts';
import { RunWatch } from './run-watch.svelte.ts';

interface Call {
  readonly channel: string;
  readonly input: Record<string, unknown>;
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onEvent: ((event: RunEvent) => void) | undefined;
}

/** A page whose calls are answered by the test. */
function page(): {
  studio: Studio;
  calls: Call[];
  failed: unknown[];
  last: (channel: string) => Call;
  emit: (event: RunEvent) => void;
  become: (state: EngineState) => void;
} {
  const calls: Call[] = [];
  const failed: unknown[] = [];
  const watchers = new Set<(state: EngineState) => void>();
  const client = {
    state: 'ready',
    watch: (watcher: (state: EngineState) => void) => {
      watchers.add(watcher);
      watcher('ready');
      return () => watchers.delete(watcher);
    },
    call: (channel: string, input: Record<string, unknown>, options: { onEvent?: (event: RunEvent) => void } = {}) =>
      new Promise((resolve, reject) => calls.push({ channel, input, resolve, reject, onEvent: options.onEvent })),
  };
  const studio = { client, runs: [], jobs: [], notices: { fail: (error: unknown) => failed.push(error) } } as unknown as Studio;
  const last = (channel: string): Call => calls.findLast((call) => call.channel === channel)!;
  const become = (state: EngineState): void => {
    client.state = state;
    for (const watcher of watchers) watcher(state);
  };
  return { studio, calls, failed, last, emit: (event) => last('runs.events').onEvent!(event), become };
}

const metrics = (step: number): StepMetrics => ({
  step,
  epoch: step / 100,
  loss: 1 / step,
  smoothL1: 1 / step,
  squaredError: 2 / step,
  coupled: 0.1,
  gradientNorm: step === 20_000 ? 99 : 1,
  learningRate: 1e-3,
  weightDecay: 0.04,
  momentum: 0.99,
  imagesPerSecond: 100,
  waitedMs: 1,
  skippedImages: 0,
  refusedSteps: 0,
});
const step = (at: number): RunEvent => ({
  type: 'step',
  metrics: metrics(at),
  elapsedSeconds: at / 10,
  secondsLeft: 1,
  memoryBytes: 5e8,
});
const series = (last: number, values: number[]): RunSeries => ({
  last,
  series: {
    loss: {
      steps: Float64Array.from(values),
      seconds: Float64Array.from(values),
      mean: Float32Array.from(values),
      min: Float32Array.from(values),
      max: Float32Array.from(values),
    },
  },
});
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let watch: RunWatch | undefined;
afterEach(() => {
  watch?.dispose();
  vi.useRealTimers();
});

describe('a run that is looked at', () => {
  it('takes no more memory after 36,000 steps, and shows a spike among them', () => {
    vi.useFakeTimers();
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heap = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const { studio, emit } = page();
    watch = new RunWatch(studio, 'a');
    const push = (from: number, to: number): void => {
      for (let at = from; at < to; at++) {
        emit(step(at));
        if (at % 10 === 0) vi.advanceTimersByTime(1000);
      }
    };
    push(1, 2000);
    const before = heap();
    push(2000, 36_001);
    expect(heap() / before).toBeLessThan(1.05);
    expect(watch.last).toBe(36_000);
    expect(watch.live?.metrics.step).toBe(36_000);
    const curve = watch.curve('gradientNorm')!;
    expect(curve.steps.length).toBeLessThanOrEqual(512);
    expect(curve.max.reduce((a, b) => Math.max(a, b))).toBe(99);
  });

  it('is drawn at most once a second, however fast steps come', () => {
    vi.useFakeTimers();
    const { studio, emit } = page();
    watch = new RunWatch(studio, 'a');
    for (let at = 1; at <= 100; at++) emit(step(at));
    expect(watch.live).toBeUndefined();
    vi.advanceTimersByTime(1000);
    expect(watch.live?.metrics.step).toBe(100);
  });

  it('has no step of now once it waits, prepares, goes on from a checkpoint or has ended, but while it is paused', () => {
    vi.useFakeTimers();
    const { studio, emit } = page();
    const run = (watch = new RunWatch(studio, 'a'));
    const stepped = (): number | undefined => {
      emit(step(7));
      vi.advanceTimersByTime(1000);
      return run.live?.metrics.step;
    };
    for (const state of ['waiting', 'preparing', 'stopped', 'done', 'failed'] as const) {
      expect(stepped()).toBe(7);
      emit({ type: 'state', state });
      expect(run.live).toBeUndefined();
    }
    for (const state of ['paused', 'training', 'finishing'] as const) {
      expect(stepped()).toBe(7);
      emit({ type: 'state', state });
      expect(run.live?.metrics.step).toBe(7);
    }
    // One that was to be drawn is not drawn any more.
    emit(step(8));
    emit({ type: 'state', state: 'done' });
    vi.advanceTimersByTime(1000);
    expect(run.live).toBeUndefined();
    stepped();
    emit({ type: 'event', event: { type: 'started' } as Extract<TrainEvent, { type: 'started' }> });
    expect(run.live).toBeUndefined();
  });

  it('drops an answer to a range that was left meanwhile', async () => {
    const { studio, calls, last } = page();
    watch = new RunWatch(studio, 'a');
    last('runs.series').resolve(series(100, [1, 50, 100]));
    await settled();
    watch.zoom({ from: 10, to: 20 });
    const first = last('runs.series');
    watch.zoom({ from: 30, to: 40 });
    expect(last('runs.series').input).toMatchObject({ from: 30, to: 40 });
    last('runs.series').resolve(series(100, [30, 35, 40]));
    await settled();
    first.resolve(series(100, [10, 15, 20]));
    await settled();
    expect([...watch.curve('loss')!.steps]).toEqual([30, 35, 40]);
    expect(calls.filter(({ channel }) => channel === 'runs.series')).toHaveLength(3);
  });

  it('says why nothing is known of it, once', async () => {
    const { studio, failed, last } = page();
    watch = new RunWatch(studio, 'gone');
    const error = new AppError('not-found', 'There is no run.', 'It may have been deleted.');
    for (const channel of ['runs.details', 'runs.series', 'runs.pinned', 'runs.reports']) last(channel).reject(error);
    await settled();
    expect(watch.failure).toBe(error);
    expect(failed).toEqual([]);
  });

  it('that is gone shows nothing of what was known, and other errors take nothing away', async () => {
    const { studio, failed, last } = page();
    watch = new RunWatch(studio, 'a');
    last('runs.details').resolve({});
    await settled();
    const locked = new AppError('locked', 'The catalogue is in use.', 'Try again.');
    void watch.refreshDetails();
    last('runs.details').reject(locked);
    await settled();
    expect([watch.details, watch.gone, failed]).toEqual([{}, false, [locked]]);
    void watch.refreshDetails();
    last('runs.details').reject(new AppError('not-found', 'There is no run.', 'It may have been deleted.'));
    await settled();
    expect([watch.details, watch.gone, failed]).toEqual([undefined, true, [locked]]);
  });

  it('shows the report of an evaluation that ends, whoever asked for it', async () => {
    const { studio, calls, last } = page();
    const job = (id: number, kind: string, run: string, state: string) => ({ id, kind, run, state }) as unknown as JobStatus;
    (studio as { jobs: readonly JobStatus[] }).jobs = [job(1, 'evaluate', 'a', 'running'), job(2, 'evaluate', 'a', 'done')];
    watch = new RunWatch(studio, 'a');
    last('runs.reports').resolve([]);
    const asked = (): number => calls.filter(({ channel }) => channel === 'runs.reports').length;
    watch.hear(studio.jobs);
    watch.hear([...studio.jobs, job(3, 'evaluate', 'b', 'done'), job(4, 'embed', 'a', 'done')]);
    expect(asked()).toBe(1);
    watch.hear([job(1, 'evaluate', 'a', 'done'), job(3, 'evaluate', 'b', 'done')]);
    expect(asked()).toBe(2);
    last('runs.reports').resolve([{ step: 4 }]);
    await settled();
    expect(watch.reports).toEqual([{ step: 4 }]);
  });

  it('begins anew when the run goes on from an earlier step', async () => {
    const { studio, emit, last } = page();
    watch = new RunWatch(studio, 'a');
    last('runs.series').resolve(series(100, [1, 50, 100]));
    await settled();
    const started = { run: 'a', step: 40, steps: 200, images: 9, sizes: {} as never, device: 'cpu', threads: 1 };
    emit({ type: 'event', event: { type: 'started', ...started } });
    emit(step(41));
    expect([...watch.curve('loss')!.steps]).toEqual([41]);
    last('runs.series').resolve(series(41, [1, 41]));
    await settled();
    expect([...watch.curve('loss')!.steps]).toEqual([1, 41]);
  });

  it('says once why nothing is known of it, and why it cannot be followed once something is', async () => {
    const { studio, failed, last } = page();
    watch = new RunWatch(studio, 'a');
    const locked = new AppError('locked', 'The catalogue is in use.', 'Try again.');
    last('runs.events').reject(locked);
    last('runs.details').reject(locked);
    await settled();
    expect(watch.failure).toBe(locked);
    expect(failed).toEqual([]);
    void watch.reload();
    last('runs.details').resolve({});
    await settled();
    expect(failed).toEqual([locked]);
  });

  it('asks for all that it missed while the connection was lost, once, and forgets why nothing was known', async () => {
    const { studio, calls, emit, last, become } = page();
    watch = new RunWatch(studio, 'a');
    last('runs.details').reject(new AppError('engine-crashed', 'The engine cannot be reached.', 'Try again.'));
    await settled();
    expect(watch.failure).toBeDefined();
    become('starting');
    become('ready');
    const asked = (): number => calls.filter(({ channel }) => channel === 'runs.series').length;
    expect(asked()).toBe(1);
    emit({ type: 'state', state: 'training' });
    emit({ type: 'state', state: 'training' });
    expect(asked()).toBe(2);
    last('runs.series').resolve(series(100, [1, 50, 100]));
    last('runs.details').resolve({});
    await settled();
    expect([...watch.curve('loss')!.steps]).toEqual([1, 50, 100]);
    expect(watch.failure).toBeUndefined();
  });
});
