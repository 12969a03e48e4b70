import { describe, expect, it, vi } from 'vitest';
import type { JobStatus } from '../../shared/contract/contract-jobs.ts';
import { tellEnds } from './job-news.ts';
import { Notices } from './notices.svelte.ts';

const job = (given: Partial<JobStatus>): JobStatus =>
  ({ id: 1, kind: 'export', subject: 'Pictures', detail: '9 rows', ...given }) as JobStatus;
const error = { code: 'disk-full', message: 'The disk is full.', hint: 'Free some space.' } as const;

/** What a page says of jobs that ended: tone, message and hint of each notice. */
function said(jobs: readonly JobStatus[], shows: (job: JobStatus) => boolean = () => false): string[][] {
  vi.useFakeTimers();
  const notices = new Notices();
  tellEnds(jobs, { notices, face: {}, shows });
  vi.useRealTimers();
  return notices.list.map(({ tone, message, hint }) => [tone, message, hint]);
}

describe('of jobs that ended', () => {
  it('the page says what went wrong and what to do, in the words of the engine', () => {
    expect(said([job({ state: 'failed', error, detail: error.message })])).toEqual([['bad', error.message, error.hint]]);
  });

  it('it says what is done, unless it shows that already, and nothing of what was cancelled or waited for', () => {
    const done = job({ state: 'done' });
    expect(said([done])).toEqual([['good', expect.stringContaining('Pictures'), '9 rows']]);
    expect(said([done], ({ id }) => id === 1)).toEqual([]);
    expect(said([job({ state: 'cancelled' }), job({ state: 'done', kind: 'trial' })])).toEqual([]);
  });
});
