// Jobs that only count: what the page shows of long work can be looked at without any work.
import type { JobKind, JobsEvent, JobState, JobStatus } from '../../shared/contract/contract-jobs.ts';
import type { jobChannels } from '../../shared/contract/contract-jobs.ts';
import type { Handlers } from '../../shared/contract/rpc-server.ts';
import { AppError } from '../../shared/errors.ts';
import type { WireError } from '../../shared/errors.ts';

const tickMilliseconds = 200;

export interface FakeJob {
  readonly kind: JobKind;
  readonly subject: string;
  readonly unit: JobStatus['progress']['unit'];
  readonly total: number;
  /** Units per second. */
  readonly rate: number;
  readonly detail: string;
  /** What came of it. */
  readonly result: string;
  /** Why it fails at its end, where it does. */
  readonly error?: WireError;
  readonly folder?: number;
  readonly run?: string;
  readonly map?: JobStatus['map'];
  readonly start?: number;
  readonly onEnd?: (state: JobState) => void;
}

export class FakeJobs {
  #jobs: JobStatus[] = [];
  #ids = 0;
  readonly #watchers = new Set<(event: JobsEvent) => void>();
  readonly #timers = new Map<number, ReturnType<typeof setInterval>>();
  readonly #ends = new Map<number, (job: JobStatus) => void>();

  get list(): readonly JobStatus[] {
    return this.#jobs;
  }

  #change(id: number, change: Partial<JobStatus>): JobStatus {
    this.#jobs = this.#jobs.map((job) => (job.id === id ? { ...job, ...change } : job));
    for (const watcher of this.#watchers) watcher({ first: 1, jobs: this.#jobs });
    return this.#jobs.find((job) => job.id === id)!;
  }

  start({ kind, subject, unit, total, rate, detail, result, folder, run, map, start = 0, onEnd, error }: FakeJob): number {
    const id = ++this.#ids;
    const about = { ...(folder !== undefined && { folder }), ...(run !== undefined && { run }), ...(map && { map }) };
    const progress = { done: start, total, unit, rate: 0 };
    this.#jobs = [
      ...this.#jobs,
      {
        id,
        kind,
        subject,
        state: 'running',
        progress,
        detail,
        startedAt: Date.now(),
        ...about,
        ...(kind === 'train' && { queue: 'trainer' as const }),
      },
    ];
    this.#change(id, {});
    if (onEnd) this.#ends.set(id, (job) => onEnd(job.state));
    let done = start;
    const timer = setInterval(() => {
      done = Math.min(total, done + (rate * tickMilliseconds) / 1000);
      if (done >= total && error) this.end(id, 'failed', { detail: error.message, error });
      else if (done >= total) this.end(id, 'done', { progress: { done: total, total, unit, rate }, detail: result });
      else this.#change(id, { progress: { done: Math.floor(done), total, unit, rate, secondsLeft: (total - done) / rate } });
    }, tickMilliseconds);
    this.#timers.set(id, timer);
    return id;
  }

  /** A job of the past, as a page finds it that was reloaded. */
  add(job: Omit<JobStatus, 'id'>): void {
    this.#jobs = [...this.#jobs, { id: ++this.#ids, ...job }];
  }

  end(id: number, state: JobState, change: Partial<JobStatus> = {}): void {
    clearInterval(this.#timers.get(id));
    this.#timers.delete(id);
    const job = this.#change(id, { state, endedAt: Date.now(), ...change });
    this.#ends.get(id)?.(job);
    this.#ends.delete(id);
  }

  #require(id: number): JobStatus {
    const job = this.#jobs.find((one) => one.id === id);
    if (!job) throw new AppError('not-found', `There is no job ${id}.`, 'It ended a while ago.');
    return job;
  }

  readonly handlers: Handlers<typeof jobChannels> = {
    'jobs.watch': (_input, { signal, emit }) => {
      this.#watchers.add(emit);
      emit({ first: 1, jobs: this.#jobs });
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          this.#watchers.delete(emit);
          resolve();
        });
      });
    },
    'jobs.cancel': ({ job }) => {
      if (this.#require(job).state === 'running') this.end(job, 'cancelled', { detail: 'Cancelled.' });
    },
    'jobs.wait': ({ job }, { signal }) =>
      new Promise((resolve, reject) => {
        const look = ({ jobs }: Pick<JobsEvent, 'jobs'>): void => {
          const now = jobs.find(({ id }) => id === job) ?? this.#require(job);
          if (now.state === 'running' || now.state === 'waiting') return;
          this.#watchers.delete(look);
          if (now.state === 'done') resolve(now);
          else
            reject(new AppError(now.error?.code ?? 'cancelled', now.error?.message ?? 'Cancelled.', now.error?.hint ?? 'Start it again.'));
        };
        this.#watchers.add(look);
        signal.addEventListener('abort', () => this.#watchers.delete(look));
        look({ jobs: this.#jobs });
      }),
  };
}
