// Which jobs ended between two lists of them, and which were cut short: once for the page and for the desktop.
import type { JobStatus } from './contract-jobs.ts';

export const isLive = ({ state }: JobStatus): boolean => state === 'running' || state === 'waiting';

/** Those that the end of their engine cut short: at work in the last list before, and of an engine before the one whose jobs begin at `first`. */
export const cutBefore = (before: readonly JobStatus[], first: number): readonly JobStatus[] =>
  before.filter((job) => isLive(job) && job.id < first);

/**
 * Those of `after` that ended since `before`, each once: also one that began and ended between the two. `first`: `after` is the first
 * list of a connection; what was not seen at work in it ended before and is no news.
 */
export function endedBetween(before: readonly JobStatus[], after: readonly JobStatus[], first: boolean): readonly JobStatus[] {
  const seen = new Map(before.map((job) => [job.id, job]));
  return after.filter((job) => {
    const earlier = seen.get(job.id);
    return !isLive(job) && (earlier ? isLive(earlier) : !first);
  });
}
