import { describe, expect, it, vi } from 'vitest';
import type { JobsEvent } from '../../../shared/contract/contract-jobs.ts';
import { AppError } from '../../../shared/errors.ts';
import { Jobs } from './jobs.ts';
import type { JobHandle } from './jobs.ts';

/** Work that a test ends when it likes. */
function held() {
  const made = Promise.withResolvers<string>();
  let handle: JobHandle | undefined;
  const work = async (job: JobHandle): Promise<string> => {
    handle = job;
    job.signal.addEventListener('abort', () => made.reject(new AppError('cancelled', 'Stopped.', '')));
    return made.promise;
  };
  return { work, end: made.resolve, fail: made.reject, job: () => handle! };
}

const stateOf = (jobs: Jobs, id: number): string | undefined => jobs.list().find((job) => job.id === id)?.state;
const turn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const code = (name: string): unknown => expect.objectContaining({ code: name });

it('numbers of jobs are higher than those of an engine before, which the list tells apart', () => {
  const [before, after] = [new Jobs(1000), new Jobs(2000)];
  const first = (jobs: Jobs): number => {
    const events: JobsEvent[] = [];
    jobs.watch((event) => events.push(event))();
    return events[0]!.first;
  };
  const ids = [before, before, after].map((jobs) => jobs.start('scan', { subject: 'Pictures' }, async () => ''));
  expect(ids).toEqual([1000, 1001, 2000]);
  expect([first(before), first(after)]).toEqual([1000, 2000]);
  expect(new Jobs().start('scan', { subject: 'Pictures' }, async () => '')).toBeGreaterThan(Date.now() - 60_000);
});

describe('a job', () => {
  it('says how far it is and what came of it', async () => {
    const jobs = new Jobs();
    const work = held();
    const id = jobs.start('scan', { subject: 'Pictures', folder: 3 }, work.work);
    await turn();
    work.job().progress({ total: 10, unit: 'images' });
    work.job().progress({ done: 4 });
    work.job().progress({ rate: 2, secondsLeft: 3 });
    work.job().progress({ done: 4 });
    expect(jobs.list()[0]!.progress.secondsLeft).toBe(3);
    // Of other work, of which nothing is known yet.
    work.job().progress({ rate: 0 });
    expect(jobs.list()[0]!.progress).not.toHaveProperty('secondsLeft');
    work.job().say('4 found');
    expect(jobs.list()).toMatchObject([
      {
        id,
        kind: 'scan',
        subject: 'Pictures',
        folder: 3,
        state: 'running',
        detail: '4 found',
        progress: { done: 4, total: 10, unit: 'images', rate: 0 },
      },
    ]);
    work.end('10 found, 1 unreadable');
    const ended = await jobs.wait(id);
    expect(ended).toMatchObject({ state: 'done', detail: '10 found, 1 unreadable' });
    expect(ended.endedAt).toBeGreaterThanOrEqual(ended.startedAt);
    work.job().say('too late');
    expect(await jobs.wait(id)).toEqual(ended);
  });

  it('that fails keeps its error for whoever waits, now or later', async () => {
    const jobs = new Jobs();
    const work = held();
    const id = jobs.start('export', { subject: 'Run' }, work.work);
    const waiting = expect(jobs.wait(id)).rejects.toEqual(code('disk-full'));
    await turn();
    work.fail(new AppError('disk-full', 'The disk is full.', 'Free some space.'));
    await waiting;
    expect(jobs.list()[0]).toMatchObject({ state: 'failed', detail: 'The disk is full.', error: { code: 'disk-full' } });
    await expect(jobs.wait(id)).rejects.toEqual(code('disk-full'));
    await expect(jobs.wait(99)).rejects.toEqual(code('not-found'));
  });

  it('that is cancelled is told so; what it returns all the same is kept', async () => {
    const jobs = new Jobs();
    const scan = held();
    const scanning = jobs.start('scan', { subject: 'A' }, scan.work);
    const training = jobs.start('train', { subject: 'B' }, async ({ signal }) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      return 'Stopped at step 7.';
    });
    await turn();
    jobs.cancel(scanning);
    jobs.cancel(training);
    await expect(jobs.wait(scanning)).rejects.toEqual(code('cancelled'));
    await expect(jobs.wait(training)).rejects.toEqual(code('cancelled'));
    expect(jobs.list()).toMatchObject([{ state: 'cancelled' }, { state: 'cancelled', detail: 'Stopped at step 7.' }]);
    jobs.cancel(scanning);
    expect(() => jobs.cancel(99)).toThrow(code('not-found') as Error);
  });
});

describe('a queue', () => {
  it('has one job at work; the next begins when that one ends, whatever it came to', async () => {
    const jobs = new Jobs();
    const [first, second, third] = [held(), held(), held()];
    const beside = jobs.start('scan', { subject: 'beside' }, held().work);
    const ids = [first, second, third].map(({ work }) => jobs.start('train', { subject: 'run', queue: 'trainer' }, work));
    // A page can tell from the list what each of them waits for.
    expect(jobs.list().map(({ queue }) => queue)).toEqual([undefined, 'trainer', 'trainer', 'trainer']);
    await turn();
    expect(ids.map((id) => stateOf(jobs, id))).toEqual(['running', 'waiting', 'waiting']);
    expect(stateOf(jobs, beside)).toBe('running');
    first.fail(new Error('broken'));
    await turn();
    expect(ids.map((id) => stateOf(jobs, id))).toEqual(['failed', 'running', 'waiting']);
    second.end('');
    await turn();
    expect(ids.map((id) => stateOf(jobs, id))).toEqual(['failed', 'done', 'running']);
  });

  it('lets a waiting job be cancelled at once, and the one behind it still waits for the one in front', async () => {
    const jobs = new Jobs();
    const [first, last] = [held(), held()];
    const began = vi.fn(async () => '');
    jobs.start('train', { subject: 'a', queue: 'trainer' }, first.work);
    const middle = jobs.start('embed', { subject: 'b', queue: 'trainer' }, began);
    const end = jobs.start('embed', { subject: 'c', queue: 'trainer' }, last.work);
    jobs.cancel(middle);
    await expect(jobs.wait(middle)).rejects.toEqual(code('cancelled'));
    await turn();
    expect(stateOf(jobs, end)).toBe('waiting');
    first.end('');
    await turn();
    expect(stateOf(jobs, end)).toBe('running');
    expect(began).not.toHaveBeenCalled();
  });
});

describe('watchers', () => {
  it('get the list at once, then at most four a second, and always the last state', async () => {
    vi.useFakeTimers();
    try {
      const jobs = new Jobs();
      const work = held();
      const id = jobs.start('scan', { subject: 'A' }, work.work);
      const events: JobsEvent[] = [];
      const stop = jobs.watch((event) => events.push(event));
      expect(events).toMatchObject([{ jobs: [{ id, state: 'running' }] }]);
      await vi.advanceTimersByTimeAsync(300);
      events.length = 0;
      for (let i = 1; i <= 1000; i++) {
        work.job().progress({ done: i });
        await vi.advanceTimersByTimeAsync(1);
      }
      expect(events.length).toBeGreaterThanOrEqual(4);
      expect(events.length).toBeLessThanOrEqual(5);
      work.end('all');
      await vi.advanceTimersByTimeAsync(300);
      expect(events.at(-1)).toMatchObject({ jobs: [{ state: 'done', detail: 'all', progress: { done: 1000 } }] });
      const count = events.length;
      stop();
      jobs.start('scan', { subject: 'B' }, held().work);
      await vi.advanceTimersByTimeAsync(300);
      expect(events.length).toBe(count);
    } finally {
      vi.useRealTimers();
    }
  });

  it('see every job before its end, however soon it fails beside another', async () => {
    const jobs = new Jobs();
    const events: JobsEvent[] = [];
    jobs.watch((event) => events.push(event));
    jobs.start('train', { subject: 'A' }, held().work);
    const id = jobs.start('scan', { subject: 'B' }, async () => {
      throw new AppError('not-found', 'It is gone.', 'Look for it.');
    });
    await expect(jobs.wait(id)).rejects.toEqual(code('not-found'));
    const statesOf = (): unknown[] => events.flatMap((event) => event.jobs.filter((job) => job.id === id).map(({ state }) => state));
    await vi.waitFor(() => expect(statesOf().at(-1)).toBe('failed'));
    expect(statesOf()[0]).toBe('running');
  });

  it('still see a job some minutes after its end, and not for ever', async () => {
    vi.useFakeTimers();
    try {
      const jobs = new Jobs();
      const id = jobs.start('scan', { subject: 'A' }, async () => '');
      await jobs.wait(id);
      await vi.advanceTimersByTimeAsync(4 * 60_000);
      expect(stateOf(jobs, id)).toBe('done');
      await vi.advanceTimersByTimeAsync(2 * 60_000);
      expect(jobs.list()).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('the end of the engine', () => {
  it('asks all jobs to end, waits for them, and begins none', async () => {
    const jobs = new Jobs();
    const kept: string[] = [];
    jobs.start('train', { subject: 'A' }, async ({ signal }) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      await turn();
      kept.push('checkpoint');
      return '';
    });
    await turn();
    await jobs.dispose();
    expect(kept).toEqual(['checkpoint']);
    expect(() => jobs.start('scan', { subject: 'B' }, async () => '')).toThrow(code('cancelled') as Error);
  });

  it('does not wait longer than it was told to', async () => {
    const jobs = new Jobs();
    jobs.start('scan', { subject: 'deaf' }, async () => new Promise<string>(() => {}));
    await turn();
    const began = performance.now();
    await jobs.dispose(50);
    expect(performance.now() - began).toBeLessThan(1500);
  });
});
