// What the engine's work means for the desktop: progress in the taskbar, no sleep meanwhile, a notice at the end. Pure.
import { inNames } from '../../shared/config/setting-names.ts';
import type { JobStatus } from '../../shared/contract/contract-jobs.ts';
import type { RunSummary } from '../../shared/contract/contract-runs.ts';
import { endedBetween } from '../../shared/contract/job-ends.ts';
import { jobShare } from '../../shared/run-progress.ts';
import { isActive } from '../../shared/run-state.ts';

export interface Activity {
  /** Share of 1; 2: going on, nobody knows how far; −1: nothing. As the taskbar takes it. */
  readonly progress: number;
  /** Whether the system should stay awake. */
  readonly awake: boolean;
  /** Runs that would be stopped by an end of the program. */
  readonly runs: readonly string[];
}

const isLong = ({ kind }: JobStatus): boolean => kind !== 'trial' && kind !== 'self-test';

/** `jobs` under way are shown by the least advanced of them. A run that is paused lets the system sleep, and stops at an end all the same. */
export function activityOf(jobs: readonly JobStatus[], runs: readonly RunSummary[]): Activity {
  const paused = new Set(runs.filter(({ state }) => state === 'paused').map(({ name }) => name));
  const working = jobs.filter((job) => job.state === 'running' && isLong(job) && !(job.run !== undefined && paused.has(job.run)));
  const shares = working.map(({ progress }) => jobShare(progress) ?? 2);
  return {
    progress: shares.length > 0 ? Math.min(...shares) : -1,
    awake: working.length > 0,
    runs: runs.filter(({ state }) => isActive(state)).map(({ name }) => name),
  };
}

export interface Notice {
  readonly title: string;
  readonly body: string;
}

/** Work of fewer milliseconds is still before the person's eyes. */
const worthANotice = 15_000;
const titles: Readonly<Record<JobStatus['kind'], string>> = {
  scan: 'Folder read',
  samples: 'Sample images made',
  relink: 'Folder found again',
  trial: 'Trial step done',
  train: 'Training finished',
  embed: 'Vectors computed',
  map: 'Map drawn',
  compare: 'Images compared',
  evaluate: 'Evaluation finished',
  export: 'Export written',
  weights: 'Weights fetched',
  import: 'Weights imported',
  install: 'Installed',
  'self-test': 'Self-test done',
};

/** Of the engine, which names settings by their keys. */
const notice = (title: string, text: string): Notice => ({ title, body: inNames(text) });

/** Notices of the jobs that ended between two lists (`first`: `endedBetween`). What a person cancelled is known to them. */
export function noticesOf(before: readonly JobStatus[], now: readonly JobStatus[], first: boolean): Notice[] {
  return endedBetween(before, now, first).flatMap((job): Notice[] => {
    if (job.state === 'cancelled' || !isLong(job)) return [];
    if (job.state === 'failed')
      return [notice(`${job.subject}: failed`, job.error ? `${job.error.message} ${job.error.hint}` : job.detail)];
    if ((job.endedAt ?? 0) - job.startedAt < worthANotice) return [];
    return [notice(`${job.subject}: ${titles[job.kind].toLowerCase()}`, job.detail)];
  });
}
