// What a job waits for: the one of its queue that is worked on now.
import type { JobStatus } from '../../shared/contract/contract-jobs.ts';
import { isLive } from '../../shared/contract/job-ends.ts';

/** The job that holds up `job`, which waits; nothing for one that does not wait, or where it begins in a moment. */
export function holderOf(job: JobStatus, jobs: readonly JobStatus[]): JobStatus | undefined {
  if (job.state !== 'waiting' || job.queue === undefined) return undefined;
  const before = jobs.filter((other) => isLive(other) && other.queue === job.queue && other.id < job.id);
  return before.find(({ state }) => state === 'running') ?? before[0];
}

/** The job that trains a run, or waits to. */
export const trainingOf = (run: string, jobs: readonly JobStatus[]): JobStatus | undefined =>
  jobs.find((job) => job.kind === 'train' && job.run === run && isLive(job));
