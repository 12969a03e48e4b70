import { describe, expect, it } from 'vitest';
import type { JobState, JobStatus } from '../../shared/contract-jobs.ts';
import { endedBetween } from './job-ends.ts';

const job = (id: number, state: JobState): JobStatus => ({ id, state }) as JobStatus;

describe('the ends of jobs', () => {
  it('are those of jobs that were seen at work, each once', () => {
    const before = [job(1, 'running'), job(2, 'waiting'), job(3, 'running'), job(4, 'done')];
    const after = [job(1, 'done'), job(2, 'cancelled'), job(3, 'running'), job(4, 'done'), job(5, 'failed')];
    expect(endedBetween(before, after).map(({ id }) => id)).toEqual([1, 2]);
    expect(endedBetween(after, after)).toEqual([]);
    expect(endedBetween([], after)).toEqual([]);
  });
});
