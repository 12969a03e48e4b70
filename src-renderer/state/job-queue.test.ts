import { expect, it } from 'vitest';
import type { JobStatus } from '../../shared/contract/contract-jobs.ts';
import { holderOf, trainingOf } from './job-queue.ts';

const job = (id: number, state: JobStatus['state'], given: Partial<JobStatus> = {}): JobStatus =>
  ({ id, state, kind: 'train', subject: `run ${id}`, run: `run ${id}`, queue: 'trainer', ...given }) as JobStatus;

it('a job waits for the one of its queue that is worked on, not for those of other queues or those that are over', () => {
  const jobs = [
    job(1, 'done'),
    job(2, 'running'),
    job(3, 'running', { queue: 'aside', kind: 'embed' }),
    job(4, 'waiting'),
    job(5, 'waiting'),
    job(6, 'waiting', { queue: 'aside', kind: 'evaluate' }),
  ];
  expect(jobs.map((one) => holderOf(one, jobs)?.id)).toEqual([undefined, undefined, undefined, 2, 2, 3]);
});

it('a job whose turn is next waits for nothing that could be named', () => {
  expect(holderOf(job(4, 'waiting'), [job(2, 'cancelled'), job(4, 'waiting'), job(5, 'running')])).toBeUndefined();
});

it('a run is found by the job that trains it or will', () => {
  const jobs = [job(1, 'done', { run: 'a' }), job(2, 'waiting', { run: 'a' }), job(3, 'running', { run: 'a', kind: 'evaluate' })];
  expect(trainingOf('a', jobs)?.id).toBe(2);
  expect(trainingOf('b', jobs)).toBeUndefined();
});
