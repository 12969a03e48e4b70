// What every view shares stays up to date with the engine, whichever page asked for the work.
import { afterEach, expect, it, vi } from 'vitest';
import type { JobsEvent, JobStatus } from '../../shared/contract/contract-jobs.ts';
import type { FolderSummary } from '../../shared/contract/contract-library.ts';
import type { RunSummary } from '../../shared/contract/contract-runs.ts';
import type { EngineState, FromEngine, ToEngine } from '../../shared/contract/messages.ts';
import { protocolVersion } from '../../shared/contract/protocol-version.ts';
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
  const jobs = (...list: Partial<JobStatus>[]): void => emit('jobs.watch', { first: engine.first, jobs: list } as JobsEvent);
  const engine = { first: 1 };
  const runs = (...list: Partial<RunSummary>[]): void => emit('runs.watch', list);
  const looks = (): number => calls.filter(({ channel }) => channel === 'library.folders').length;
  /** Answers a look at the folders, the latest if none is named. */
  const folders = (output: readonly Partial<FolderSummary>[], look = -1): void =>
    receive({ type: 'ok', id: calls.filter(({ channel }) => channel === 'library.folders').at(look)!.id, output });
  become('ready');
  return { studio, become, engine, jobs, runs, looks, folders };
}
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

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

it('a selection ends with the folder that it is of, whoever takes that out of the library', async () => {
  const { studio, folders } = page();
  folders([
    { id: 3, addedAt: 2 },
    { id: 4, addedAt: 1 },
  ]);
  await vi.waitFor(() => expect(studio.folder?.id).toBe(3));
  studio.selection.only(30);
  void studio.refreshFolders();
  folders([
    { id: 3, addedAt: 2, images: 9 },
    { id: 4, addedAt: 1 },
  ]);
  await vi.waitFor(() => expect(studio.folder?.images).toBe(9));
  expect(studio.selection.size).toBe(1);
  void studio.refreshFolders();
  folders([{ id: 4, addedAt: 1 }]);
  await vi.waitFor(() => expect(studio.folder?.id).toBe(4));
  expect(studio.selection.size).toBe(0);
});

it('nothing that was chosen for a folder is taken over by the next one that gets its number', async () => {
  const { studio, folders } = page();
  const images = { plus: [{ image: 9 }], minus: [] };
  const folder = (id: number, addedAt: number, count: number): Partial<FolderSummary> => ({ id, addedAt, images: count });
  folders([folder(3, 1, 10), folder(4, 2, 10)]);
  await vi.waitFor(() => expect(studio.folder?.id).toBe(4));
  for (const id of [3, 4]) {
    studio.nextRun.keep(id, { epochs: id });
    studio.nextRun.wish(id, { name: 'mine' });
    studio.nextRun.try(id, { settings: { epochs: 1 }, over: {} });
  }
  studio.explore.show(3, images);
  studio.explore.show(4, images);
  studio.selection.only(9);
  // Another look, at the same folders.
  void studio.refreshFolders();
  folders([folder(3, 1, 11), folder(4, 2, 11)]);
  await vi.waitFor(() => expect(studio.folder?.images).toBe(11));
  expect([studio.selection.size, studio.nextRun.settings(4), studio.explore.lastIn(4)]).toEqual([1, { epochs: 4 }, images]);
  void studio.refreshFolders();
  folders([folder(3, 1, 12), folder(4, 5, 12)]);
  await vi.waitFor(() => expect(studio.folder?.images).toBe(12));
  const { nextRun, explore, selection } = studio;
  expect([nextRun.settings(4), nextRun.wishes(4), nextRun.tried(4), selection.size]).toEqual([{}, {}, undefined, 0]);
  expect(explore.lastIn(4).plus).toEqual([]);
  expect([nextRun.settings(3), nextRun.wishes(3), explore.pastIn(3)]).toEqual([{ epochs: 3 }, { name: 'mine' }, [images]]);
});

it('counts of a folder follow while it is read: every second and a half, one look at a time, and the end at once', async () => {
  const time = vi.spyOn(performance, 'now').mockReturnValue(1000);
  const { studio, jobs, looks, folders } = page();
  const scan = (state: JobStatus['state'], done: number): void =>
    jobs({ id: 1, kind: 'scan', folder: 3, state, subject: 'a', detail: '', progress: { done, total: 0, unit: 'images', rate: 0 } });
  jobs();
  scan('running', 0);
  expect(looks()).toBe(2);
  folders([{ id: 3, images: 0 }], 0);
  folders([{ id: 3, images: 0 }], 1);
  await vi.waitFor(() => expect(studio.folder?.images).toBe(0));
  time.mockReturnValue(2400);
  scan('running', 20);
  expect(looks()).toBe(2);
  time.mockReturnValue(2600);
  scan('running', 30);
  expect(looks()).toBe(3);
  // The engine has much to do: no second question before the first is answered.
  time.mockReturnValue(9000);
  scan('running', 40);
  expect(looks()).toBe(3);
  folders([{ id: 3, images: 28, failed: 2 }]);
  await vi.waitFor(() => expect(studio.folder).toMatchObject({ images: 28, failed: 2 }));
  scan('running', 90);
  expect(looks()).toBe(4);
  scan('done', 100);
  expect(looks()).toBe(5);
  // The last answer overtakes the one before.
  folders([{ id: 3, images: 95, failed: 5 }], 4);
  folders([{ id: 3, images: 88, failed: 4 }], 3);
  await vi.waitFor(() => expect(studio.folder).toMatchObject({ images: 95, failed: 5 }));
  await new Promise((resolve) => setTimeout(resolve));
  expect(studio.folder?.images).toBe(95);
  time.mockReturnValue(20_000);
  jobs({ id: 1, kind: 'scan', folder: 3, state: 'done' }, { id: 2, kind: 'embed', folder: 3, state: 'waiting' });
  const settled = looks();
  time.mockReturnValue(30_000);
  jobs({ id: 1, kind: 'scan', folder: 3, state: 'done' }, { id: 2, kind: 'embed', folder: 3, state: 'waiting' });
  expect(looks()).toBe(settled);
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

it('what an engine that stopped has cut short is named once, with what to do, but not a run, which goes on, nor what only was out of sight', () => {
  const { studio, become, engine, jobs } = page();
  const job = (id: number, kind: JobStatus['kind'], state: JobStatus['state']): Partial<JobStatus> => ({
    id,
    kind,
    state,
    subject: 'Pictures',
    detail: '',
  });
  jobs(
    job(1, 'scan', 'done'),
    job(2, 'train', 'running'),
    job(3, 'embed', 'running'),
    job(4, 'export', 'waiting'),
    job(5, 'trial', 'running'),
  );
  // The same engine, after a pause in which the list forgot what had ended.
  become('starting');
  become('ready');
  jobs(job(2, 'train', 'running'), job(3, 'embed', 'running'), job(4, 'export', 'running'));
  expect(studio.notices.said).toEqual([]);
  become('crashed');
  become('ready');
  engine.first = 100;
  jobs(job(100, 'train', 'waiting'));
  jobs(job(100, 'train', 'running'), job(101, 'export', 'running'));
  expect(studio.notices.said.map(({ message, hint }) => [message, hint])).toEqual([
    [
      'Exporting: Pictures was cut short, as the engine stopped.',
      'Export again, to the same folder too: what is unfinished there is replaced.',
    ],
    ['Computing vectors: Pictures was cut short, as the engine stopped.', 'Compute them again: those that were made are kept.'],
  ]);
});
