// What every view shares stays up to date with the engine, whichever page asked for the work.
import { afterEach, expect, it, vi } from 'vitest';
import type { JobsEvent, JobStatus } from '../../shared/contract-jobs.ts';
import type { FolderSummary } from '../../shared/contract-library.ts';
import type { RunSummary } from '../../shared/contract-runs.ts';
import { protocolVersion } from '../../shared/messages.ts';
import type { EngineState, FromEngine, ToEngine } from '../../shared/messages.ts';
import { Studio } from './studio.svelte.ts';

/** A page whose engine is the test. */
function page() {
  vi.stubGlobal('location', { hash: '' });
  vi.stubGlobal('addEventListener', () => {});
  let receive: (message: FromEngine) => void = () => {};
  const calls: Extract<ToEngine, { type: 'call' }>[] = [];
  const port = {
    send: (message: ToEngine) => void (message.type === 'call' && calls.push(message)),
    onMessage: (handler: (message: FromEngine) => void) => void (receive = handler),
    onClose: () => {},
  };
  const studio = new Studio({ kind: 'browser', connect: () => port });
  const become = (state: EngineState): void => receive({ type: 'engine', state, protocol: protocolVersion });
  const emit = (channel: string, event: unknown): void =>
    receive({ type: 'event', id: calls.findLast((call) => call.channel === channel)!.id, event });
  const jobs = (...list: Partial<JobStatus>[]): void => emit('jobs.watch', { jobs: list } as JobsEvent);
  const runs = (...list: Partial<RunSummary>[]): void => emit('runs.watch', list);
  const looks = (): number => calls.filter(({ channel }) => channel === 'library.folders').length;
  const folders = (output: readonly Partial<FolderSummary>[]): void =>
    receive({ type: 'ok', id: calls.findLast(({ channel }) => channel === 'library.folders')!.id, output });
  become('ready');
  return { studio, become, jobs, runs, looks, folders };
}
afterEach(() => vi.unstubAllGlobals());

it('folders are looked at again as any work on one begins and ends, and as a run goes from looking to training', () => {
  const { jobs, runs, looks } = page();
  runs({ name: 'a', state: 'preparing' });
  jobs();
  expect(looks()).toBe(1);
  jobs({ id: 1, kind: 'embed', folder: 3, state: 'running' });
  jobs({ id: 1, kind: 'embed', folder: 3, state: 'running' });
  expect(looks()).toBe(2);
  jobs({ id: 1, kind: 'embed', folder: 3, state: 'done', subject: 'a', detail: '' });
  expect(looks()).toBe(3);
  runs({ name: 'a', state: 'training' });
  runs({ name: 'a', state: 'training', step: 9 });
  expect(looks()).toBe(4);
});

it('a job that fails before it was seen is told once, and one that failed before the page was there is not', () => {
  const { studio, become, jobs } = page();
  const error = { code: 'disk-full', message: 'The disk is full.', hint: 'Free some space.' } as const;
  const failed = (id: number): Partial<JobStatus> => ({ id, kind: 'export', subject: 'a', state: 'failed', detail: error.message, error });
  jobs(failed(1));
  expect(studio.notices.list).toEqual([]);
  jobs(failed(1), failed(2));
  expect(studio.notices.list).toMatchObject([{ tone: 'bad', message: error.message, hint: error.hint }]);
  const { id } = studio.notices.list[0]!;
  jobs(failed(1), failed(2));
  become('starting');
  become('ready');
  jobs(failed(1), failed(2), failed(3));
  expect(studio.notices.list.map((notice) => notice.id)).toEqual([id]);
});

it('the chosen folder is the same after a reload, as long as it is there', async () => {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  });
  const first = page();
  const folders = [
    { id: 3, addedAt: 1 },
    { id: 4, addedAt: 2 },
  ];
  first.folders(folders);
  await vi.waitFor(() => expect(first.studio.folder?.id).toBe(4));
  first.studio.choose(3);
  const second = page();
  second.folders(folders);
  await vi.waitFor(() => expect(second.studio.folder?.id).toBe(3));
  const third = page();
  third.folders(folders.slice(1));
  await vi.waitFor(() => expect(third.studio.folder?.id).toBe(4));
});
