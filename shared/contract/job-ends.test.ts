import { describe, expect, it } from 'vitest';
import type { JobState, JobStatus } from './contract-jobs.ts';
import { endedBetween } from './job-ends.ts';

const job = (id: number, state: JobState): JobStatus => ({ id, state }) as JobStatus;
const ids = (jobs: readonly JobStatus[]): number[] => jobs.map(({ id }) => id);

describe('the ends of jobs', () => {
  const before = [job(1, 'running'), job(2, 'waiting'), job(3, 'running'), job(4, 'done')];
  const after = [job(1, 'done'), job(2, 'cancelled'), job(3, 'running'), job(4, 'done'), job(5, 'failed')];

  it('are told once each, also of one that began and ended between two lists', () => {
    expect(ids(endedBetween(before, after, false))).toEqual([1, 2, 5]);
    expect(endedBetween(after, after, false)).toEqual([]);
  });

  it('are no news in the first list of a connection, but for those that were seen at work before it was lost', () => {
    expect(endedBetween([], after, true)).toEqual([]);
    expect(ids(endedBetween(before, after, true))).toEqual([1, 2]);
  });
});
