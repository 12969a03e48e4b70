// Work that brings images into a folder bit by bit: what shows the folder follows it.
import type { JobKind, JobStatus } from '../../shared/contract-jobs.ts';
import { isLive } from '../../shared/job-ends.ts';

const kinds: readonly JobKind[] = ['scan', 'samples', 'relink'];

/** Milliseconds between looks at a folder that is being read. */
export const renewEvery = 1500;

/** Whether a job reads a folder now, or waits to. */
export const reads = (job: JobStatus): boolean => isLive(job) && job.folder !== undefined && kinds.includes(job.kind);
