// Long work that outlives the page which asked for it: every page sees it, waits for it or cancels it.
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobKind, JobProgress, JobsEvent, JobState, JobStatus } from '../../../shared/contract/contract-jobs.ts';
import { AppError, fromWire, toWire } from '../../../shared/errors.ts';

export interface JobInfo {
  /** What is worked on, for a person. */
  readonly subject: string;
  readonly folder?: number;
  readonly run?: string;
  readonly map?: Exclude<JobStatus['map'], undefined>;
  /** Jobs of a queue are `waiting` until those before them are over. */
  readonly queue?: Exclude<JobStatus['queue'], undefined>;
}

export interface JobHandle {
  /** Aborted by `cancel` and by the end of the engine: keep what can be kept, then return or throw `cancelled`. */
  readonly signal: AbortSignal;
  /** Replaces the parts that are given. */
  progress(progress: Partial<JobProgress>): void;
  /** What is done now, in a sentence. */
  say(detail: string): void;
}

interface Job {
  status: JobStatus;
  readonly stop: AbortController;
  readonly over: Promise<void>;
}

/** Milliseconds between two lists that a watcher gets, and for which an ended job stays in them. */
const watchPause = 250;
const keptFor = 5 * 60_000;
/** Ended jobs kept at most, however quickly they end. */
const mostEnded = 200;

/** A rate that says nothing of the time left is of other work than the one before: what was left of that is over. */
function withChange({ secondsLeft, ...before }: JobProgress, change: Partial<JobProgress>): JobProgress {
  const kept = secondsLeft === undefined || change.rate !== undefined ? {} : { secondsLeft };
  return { ...before, ...kept, ...change };
}

const isOver = (state: JobState): boolean => state === 'done' || state === 'failed' || state === 'cancelled';
const cancelledError = (): AppError => new AppError('cancelled', 'It was cancelled.', 'Start it again when you want it.');

export class Jobs {
  readonly #jobs = new Map<number, Job>();
  readonly #queues = new Map<string, Promise<void>>();
  readonly #watchers = new Set<(event: JobsEvent) => void>();
  readonly #first: number;
  #ids: number;
  #announced = 0;
  #timer: NodeJS.Timeout | undefined;
  #disposed = false;

  /** Numbers begin at the time: a page that has seen those of an engine that died must not take one of this one for theirs. */
  constructor(first = Date.now()) {
    this.#first = first;
    this.#ids = first - 1;
  }

  /** Starts work, whose result is a sentence on what came of it. What it throws is the job's error. Returns the job's number. */
  start(kind: JobKind, info: JobInfo, work: (job: JobHandle) => Promise<string>): number {
    if (this.#disposed) throw new AppError('cancelled', 'The program is ending.', 'Start it again.');
    const id = ++this.#ids;
    const stop = new AbortController();
    const { queue } = info;
    const before = queue === undefined ? undefined : this.#queues.get(queue);
    const status: JobStatus = {
      id,
      kind,
      ...info,
      state: queue === undefined ? 'running' : 'waiting',
      progress: { done: 0, total: 0, unit: '', rate: 0 },
      detail: '',
      startedAt: Date.now(),
    };
    const over = this.#perform(id, stop.signal, before, work);
    this.#jobs.set(id, { status, stop, over });
    // A job that was cancelled while waiting is over before the ones in front of it.
    if (queue !== undefined)
      this.#queues.set(
        queue,
        Promise.all([before, over]).then(() => undefined),
      );
    // At once: a page tells the end of what it has seen begin, and this may end before the next list is due.
    this.#announce();
    return id;
  }

  async #perform(
    id: number,
    signal: AbortSignal,
    before: Promise<void> | undefined,
    work: (job: JobHandle) => Promise<string>,
  ): Promise<void> {
    const handle: JobHandle = {
      signal,
      progress: (progress) => this.#update(id, (status) => ({ ...status, progress: withChange(status.progress, progress) })),
      say: (detail) => this.#update(id, (status) => ({ ...status, detail })),
    };
    // The caller learns the number first. A job that is cancelled in its queue never begins.
    await Promise.race([before ?? Promise.resolve(), new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))]);
    let end: Partial<JobStatus>;
    try {
      if (signal.aborted) throw cancelledError();
      this.#update(id, (status) => ({ ...status, state: 'running', startedAt: Date.now() }));
      const detail = await work(handle);
      end = { state: signal.aborted ? 'cancelled' : 'done', detail };
    } catch (error) {
      const wire = toWire(error);
      end = signal.aborted || wire.code === 'cancelled' ? { state: 'cancelled' } : { state: 'failed', detail: wire.message, error: wire };
    }
    this.#update(id, (status) => ({ ...status, ...end, endedAt: Date.now() }));
  }

  #update(id: number, change: (status: JobStatus) => JobStatus): void {
    const job = this.#jobs.get(id);
    if (!job || isOver(job.status.state)) return;
    job.status = change(job.status);
    this.#changed();
  }

  #forgetOld(): void {
    const ended = [...this.#jobs.values()].filter(({ status }) => isOver(status.state));
    const before = Date.now() - keptFor;
    ended.forEach(({ status }, i) => {
      if (status.endedAt! < before || i < ended.length - mostEnded) this.#jobs.delete(status.id);
    });
  }

  /** All jobs, the oldest first. */
  list(): readonly JobStatus[] {
    this.#forgetOld();
    return [...this.#jobs.values()].map(({ status }) => status);
  }

  #event(): JobsEvent {
    return { first: this.#first, jobs: this.list() };
  }

  #announce(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#announced = performance.now();
    const event = this.#event();
    for (const watcher of this.#watchers) watcher(event);
  }

  #changed(): void {
    if (this.#timer !== undefined || this.#watchers.size === 0) return;
    const due = Math.max(0, this.#announced + watchPause - performance.now());
    this.#timer = setTimeout(() => this.#announce(), due);
  }

  /**
   * Calls with the list at once, with each new job at once, and after changes at most four times a second; the last state always arrives.
   * Returns how to stop.
   */
  watch(watcher: (event: JobsEvent) => void): () => void {
    this.#watchers.add(watcher);
    watcher(this.#event());
    return () => this.#watchers.delete(watcher);
  }

  #job(id: number): Job {
    const job = this.#jobs.get(id);
    if (!job) throw new AppError('not-found', `There is no job ${id}.`, 'It may have ended a while ago.');
    return job;
  }

  /** Asks a job to end; one that has ended stays as it is. Throws `not-found`. */
  cancel(id: number): void {
    this.#job(id).stop.abort();
  }

  /** The state in which a job ended. Rejects with the job's own error, `cancelled`, `not-found`. */
  async wait(id: number): Promise<JobStatus> {
    const job = this.#job(id);
    await job.over;
    if (job.status.error) throw fromWire(job.status.error);
    if (job.status.state === 'cancelled') throw cancelledError();
    return job.status;
  }

  /** Asks everything to end and waits for it, at most `graceMs`; nothing can be started any more. */
  async dispose(graceMs = 10_000): Promise<void> {
    this.#disposed = true;
    for (const { stop } of this.#jobs.values()) stop.abort();
    const late = new AbortController();
    await Promise.race([
      Promise.all([...this.#jobs.values()].map(async ({ over }) => over)),
      sleep(graceMs, undefined, { signal: late.signal }).catch(() => undefined),
    ]);
    late.abort();
    clearTimeout(this.#timer);
    this.#watchers.clear();
  }
}
