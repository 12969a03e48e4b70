// Keeps the desktop up to date with the engine's work, whatever its pages do.
import { BrowserWindow, Notification, powerSaveBlocker } from 'electron';
import type { JobStatus } from '../../shared/contract/contract-jobs.ts';
import type { RunSummary } from '../../shared/contract/contract-runs.ts';
import type { AppContract } from '../../shared/contract/contract.ts';
import { isLive } from '../../shared/contract/job-ends.ts';
import type { RpcClient } from '../../shared/contract/rpc-client.ts';
import { activityOf, noticesOf } from './activity.ts';

export class Desktop {
  #jobs: readonly JobStatus[] = [];
  #runs: readonly RunSummary[] = [];
  /** Whether the next list of jobs is the first of its engine. */
  #joining = true;
  #blocker: number | undefined;
  readonly #client: RpcClient<AppContract>;

  constructor(client: RpcClient<AppContract>) {
    this.#client = client;
    client.watch((state) => {
      this.#joining = true;
      if (state === 'ready') this.#watch();
      else this.#update([], []);
    });
  }

  /** Both watches end with the engine, and begin again with the next one. */
  #watch(): void {
    const over = (): void => {};
    this.#client.call('jobs.watch', {}, { onEvent: ({ jobs }) => this.#takeJobs(jobs) }).catch(over);
    this.#client.call('runs.watch', {}, { onEvent: (runs) => this.#update(this.#jobs, runs) }).catch(over);
  }

  #takeJobs(jobs: readonly JobStatus[]): void {
    const notices = noticesOf(this.#jobs, jobs, this.#joining);
    this.#joining = false;
    this.#update(jobs, this.#runs);
    if (BrowserWindow.getFocusedWindow() !== null || !Notification.isSupported()) return;
    for (const notice of notices) {
      const shown = new Notification(notice);
      shown.on('click', () => BrowserWindow.getAllWindows()[0]?.show());
      shown.show();
    }
  }

  #update(jobs: readonly JobStatus[], runs: readonly RunSummary[]): void {
    this.#jobs = jobs;
    this.#runs = runs;
    const { progress, awake } = activityOf(jobs, runs);
    for (const window of BrowserWindow.getAllWindows()) window.setProgressBar(progress);
    if (awake) this.#blocker ??= powerSaveBlocker.start('prevent-app-suspension');
    else this.dispose();
  }

  /** Runs that an end of the program would stop. */
  get runs(): readonly string[] {
    return activityOf(this.#jobs, this.#runs).runs;
  }

  /** Work that goes on or waits to. */
  get jobs(): readonly JobStatus[] {
    return this.#jobs.filter(isLive);
  }

  dispose(): void {
    if (this.#blocker !== undefined) powerSaveBlocker.stop(this.#blocker);
    this.#blocker = undefined;
  }
}
