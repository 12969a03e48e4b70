// Which jobs ended between two lists of them.
import type { JobStatus } from '../../shared/contract-jobs.ts';

export const isLive = ({ state }: JobStatus): boolean => state === 'running' || state === 'waiting';

/** Those of `after` that were live in `before` and are no more. What ended before the page was there is no news. */
export function endedBetween(before: readonly JobStatus[], after: readonly JobStatus[]): readonly JobStatus[] {
  const live = new Set(before.filter(isLive).map(({ id }) => id));
  return after.filter((job) => live.has(job.id) && !isLive(job));
}
