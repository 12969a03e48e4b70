// One run as it is looked at: what is known of it, its curves, and what happens in it while the page is open.
import type { JobStatus } from '../../../shared/contract/contract-jobs.ts';
import type { EvaluationSummary, MetricSeries, PinnedNeighbours, RunDetails, RunEvent } from '../../../shared/contract/contract-runs.ts';
import { endedBetween } from '../../../shared/contract/job-ends.ts';
import type { MetricName } from '../../../shared/contract/metric-names.ts';
import { metricNames } from '../../../shared/contract/metric-names.ts';
import { AppError } from '../../../shared/errors.ts';
import { isActive, isGoing } from '../../../shared/run-state.ts';
import type { StepMetrics } from '../../../shared/train-events.ts';
import type { StepRange } from '../../components/chart-axis.ts';
import type { Studio } from '../studio.svelte.ts';
import { watchChannel } from '../watched.svelte.ts';
import { RunCurves } from './run-series.ts';

/** Charts are drawn anew at most this often: the processor is the run's. */
const redrawMilliseconds = 1000;
/** While a run trains, curves are asked for again: the page gets the latest step four times a second, the engine sees all. */
const refreshMilliseconds = 20_000;
/** Buckets asked for: about the width of a chart in pixels. */
export const chartPoints = 600;

export interface LiveStep {
  readonly metrics: StepMetrics;
  readonly elapsedSeconds: number;
  readonly secondsLeft: number | undefined;
  readonly memoryBytes: number;
}

const isGone = (error: unknown): boolean => error instanceof AppError && error.code === 'not-found';

export class RunWatch {
  readonly name: string;
  readonly #studio: Studio;
  readonly #curves = new RunCurves();
  readonly #stopEvents: () => void;
  readonly #refresher: ReturnType<typeof setInterval>;
  #series: AbortController | undefined;
  #details = $state.raw<RunDetails | undefined>(undefined);
  #failure = $state.raw<unknown>(undefined);
  #pinned = $state.raw<readonly PinnedNeighbours[] | undefined>(undefined);
  #reports = $state.raw<readonly EvaluationSummary[] | undefined>(undefined);
  #live = $state.raw<LiveStep | undefined>(undefined);
  /** Raised when the curves are to be drawn anew. */
  #drawn = $state.raw(0);
  #known = $state.raw(false);
  #range: StepRange | undefined;
  #latest: LiveStep | undefined;
  #redraw: ReturnType<typeof setTimeout> | undefined;
  #detailsRequest = 0;
  #ended = false;
  #jobs: readonly JobStatus[];
  /** Why it cannot be followed, until something is known of it: of a run that cannot be shown the reason stands in its place. */
  #unsaid: unknown;
  /** Whether something may have happened that this page was not told: the connection was lost, or is not there yet. */
  #behind = false;
  readonly #stopWatching: () => void;

  constructor(studio: Studio, name: string) {
    this.#studio = studio;
    this.name = name;
    this.#jobs = studio.jobs;
    const fail = (error: unknown): void => {
      if (this.#details) studio.notices.fail(error);
      else this.#unsaid = error;
    };
    this.#stopWatching = studio.client.watch((state) => (this.#behind ||= state !== 'ready'));
    this.#stopEvents = watchChannel(studio.client, 'runs.events', { run: name }, (event) => this.#take(event), fail);
    this.#refresher = setInterval(() => {
      const state = this.#studio.runs?.find((run) => run.name === name)?.state;
      if (state && isActive(state) && !document.hidden) void this.#loadSeries();
    }, refreshMilliseconds);
    void this.reload();
  }

  /** `undefined` until it is known. */
  get details(): RunDetails | undefined {
    return this.#details;
  }
  /** Why nothing is known of it. */
  get failure(): unknown {
    return this.#failure;
  }
  /** Whether that is because there is no such run. */
  get gone(): boolean {
    return isGone(this.#failure);
  }
  get pinned(): readonly PinnedNeighbours[] | undefined {
    return this.#pinned;
  }
  get reports(): readonly EvaluationSummary[] | undefined {
    return this.#reports;
  }
  /** The latest step since the page is open. */
  get live(): LiveStep | undefined {
    return this.#live;
  }
  /** Whether the engine has answered with curves. */
  get known(): boolean {
    return this.#known;
  }
  /** The last step that is known. */
  get last(): number {
    void this.#drawn;
    return this.#curves.last;
  }

  /** Buckets of a curve in the range that was asked for; drawn anew as steps come. */
  curve(metric: MetricName): MetricSeries | undefined {
    void this.#drawn;
    return this.#curves.read(metric, this.#range === undefined);
  }

  /** Asks for everything again. */
  async reload(): Promise<void> {
    this.#failure = undefined;
    await Promise.all([this.refreshDetails(), this.#loadSeries(), this.refreshPinned(), this.refreshReports()]);
  }

  async refreshDetails(): Promise<void> {
    const request = ++this.#detailsRequest;
    try {
      const details = await this.#studio.client.call('runs.details', { run: this.name });
      if (request !== this.#detailsRequest || this.#ended) return;
      this.#details = details;
      this.#failure = undefined;
      if (this.#unsaid !== undefined) this.#studio.notices.fail(this.#unsaid);
      this.#unsaid = undefined;
    } catch (error) {
      if (request !== this.#detailsRequest || this.#ended) return;
      if (this.#details && !isGone(error)) return this.#studio.notices.fail(error);
      // What is shown of a run that is no more would stay as it was for ever.
      this.#details = undefined;
      this.#failure = error;
    }
  }

  async refreshPinned(): Promise<void> {
    const pinned = await this.#answer(this.#studio.client.call('runs.pinned', { run: this.name }));
    if (pinned) this.#pinned = pinned;
  }

  async refreshReports(): Promise<void> {
    const reports = await this.#answer(this.#studio.client.call('runs.reports', { run: this.name }));
    if (reports) this.#reports = reports;
  }

  /** Is told of all jobs whenever they change: an evaluation that ended, wherever it was asked for, has left a report. */
  hear(jobs: readonly JobStatus[]): void {
    const ended = endedBetween(this.#jobs, jobs, false);
    this.#jobs = jobs;
    if (ended.some(({ kind, run }) => kind === 'evaluate' && run === this.name)) void this.refreshReports();
  }

  /** A run of which nothing is known says so once, by its details. */
  async #answer<T>(call: Promise<T>): Promise<T | undefined> {
    try {
      const answer = await call;
      return this.#ended ? undefined : answer;
    } catch (error) {
      if (!this.#ended && this.#details) this.#studio.notices.fail(error);
      return undefined;
    }
  }

  /** Shows a range of steps in full detail; none: the whole run, as it grows. */
  zoom(range: StepRange | undefined): void {
    this.#range = range;
    void this.#loadSeries();
  }

  async #loadSeries(): Promise<void> {
    this.#series?.abort();
    const { signal } = (this.#series = new AbortController());
    const range = this.#range;
    try {
      const input = { run: this.name, metrics: [...metricNames], from: range?.from ?? 0, to: range?.to ?? 0, points: chartPoints };
      const answer = await this.#studio.client.call('runs.series', input, { signal });
      if (signal.aborted) return;
      this.#curves.replace(answer);
      this.#known = true;
      this.#drawn += 1;
    } catch (error) {
      if (!signal.aborted && this.#details) this.#studio.notices.fail(error);
    }
  }

  #take(event: RunEvent): void {
    // Steps of before say nothing of what it does now, nor does the time that was left.
    if (event.type === 'state' && !isGoing(event.state) && event.state !== 'paused') this.#forgetLive();
    if (this.#behind) {
      // The first event says that nothing is missed from now on.
      this.#behind = false;
      void this.reload();
      if (event.type === 'state') return;
    }
    if (event.type === 'state') return void this.refreshDetails();
    if (event.type === 'step') {
      this.#curves.push(event.metrics, event.elapsedSeconds, event.memoryBytes);
      this.#latest = event;
      this.#redraw ??= setTimeout(() => this.#show(), redrawMilliseconds);
      return;
    }
    switch (event.event.type) {
      case 'started':
        // It may go on from an earlier step than the one before.
        this.#curves.clear();
        this.#forgetLive();
        void this.reload();
        return;
      case 'neighbours':
        void this.refreshPinned();
        return;
      case 'evaluation':
      case 'baselines':
      case 'note':
      case 'checkpoint':
      case 'finished':
        void this.refreshDetails();
        if (event.event.type === 'finished') void this.#loadSeries();
        return;
      case 'paused':
      case 'resumed':
        return;
    }
  }

  #forgetLive(): void {
    clearTimeout(this.#redraw);
    this.#live = this.#latest = this.#redraw = undefined;
    this.#drawn += 1;
  }

  #show(): void {
    this.#redraw = undefined;
    this.#live = this.#latest;
    this.#drawn += 1;
  }

  dispose(): void {
    this.#ended = true;
    this.#stopWatching();
    this.#stopEvents();
    this.#series?.abort();
    clearInterval(this.#refresher);
    clearTimeout(this.#redraw);
  }
}
