// Work that brings images into a folder bit by bit: what shows the folder follows it, and a run of it waits.
import type { JobKind, JobStatus } from './contract-jobs.ts';
import { isLive } from './job-ends.ts';

const kinds: readonly JobKind[] = ['scan', 'samples', 'relink'];

/** Whether a job reads a folder now, or waits to. */
export const reads = (job: JobStatus): boolean => isLive(job) && job.folder !== undefined && kinds.includes(job.kind);

/** The job that reads this folder; none once all of its images are known, or the reading was stopped. */
export const readingOf = (folder: number | undefined, jobs: readonly JobStatus[]): JobStatus | undefined =>
  folder === undefined ? undefined : jobs.find((job) => reads(job) && job.folder === folder);
