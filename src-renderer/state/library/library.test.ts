import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JobStatus } from '../../../shared/contract/contract-jobs.ts';
import type { FolderSummary } from '../../../shared/contract/contract-library.ts';
import type { AppContract } from '../../../shared/contract/contract.ts';
import { RpcClient } from '../../../shared/contract/rpc-client.ts';
import { AppError } from '../../../shared/errors.ts';
import { connectToFakeEngine } from '../../testing/fake-engine.ts';
import { renewEvery } from '../reading.ts';
import { Selection } from '../selection.svelte.ts';
import type { Studio } from '../studio.svelte.ts';
import { Library } from './library.svelte.ts';

/** The library of 100,000 images that the fake engine draws, with what it needs of a studio. */
function opened(failing: readonly (keyof AppContract)[] = []) {
  const client = new RpcClient<AppContract>(connectToFakeEngine('full'));
  const calls: string[] = [];
  const errors: unknown[] = [];
  const looks: (AbortSignal | undefined)[] = [];
  const call: typeof client.call = (channel, input, options) => {
    calls.push(channel);
    if (channel === 'library.changes') looks.push(options?.signal);
    if (failing.includes(channel)) return Promise.reject(new AppError('locked', 'The catalogue is in use.', 'Try again.'));
    return client.call(channel, input, options);
  };
  const studio = {
    client: { call },
    selection: new Selection(),
    notices: { fail: (error: unknown) => errors.push(error) },
    ask: (channel: keyof AppContract, input: never) => call(channel, input),
  } as unknown as Studio;
  const library = new Library(studio);
  const folder = { id: 1, exists: true } as FolderSummary;
  library.open(folder);
  return { library, folder, calls, errors, looks, selection: studio.selection };
}
const alone = { range: false, add: false };
const known = (library: Library): Promise<void> => vi.waitFor(() => expect(library.rows.total).toBeDefined());

describe('the library of a folder', () => {
  it('says once why nothing is known: in place of the list where that failed, else as a message', async () => {
    const nothing = opened(['library.page', 'library.facets', 'library.changes']);
    await vi.waitFor(() => expect(nothing.library.rows.error?.message).toBe('The catalogue is in use.'));
    await new Promise((resolve) => setTimeout(resolve));
    expect(nothing.errors).toEqual([]);
    const list = opened(['library.facets']);
    await known(list.library);
    await vi.waitFor(() => expect(list.errors).toHaveLength(1));
    expect(list.library.rows.error).toBeUndefined();
  });

  it('selects one, adds one, and a range that reaches beyond the rows that are there', async () => {
    const { library, selection } = opened();
    await known(library);
    await library.keys.go(3, alone);
    expect([...selection.images]).toEqual([library.rows.at(3)!.id]);
    await library.keys.go(5, { range: false, add: true });
    expect(selection.size).toBe(2);
    await library.keys.go(7000, { range: true, add: false });
    expect(library.rows.at(7000)).toBeUndefined();
    expect([selection.size, Math.min(...selection.images)]).toEqual([7000 - 5 + 1, library.rows.at(5)!.id]);
    await library.keys.go(4, { range: true, add: false });
    expect(selection.size).toBe(2);
  });

  it('points at the image that a menu is opened on, and keeps a selection that it is part of', async () => {
    const { library, selection } = opened();
    await known(library);
    await library.keys.go(3, alone);
    await library.keys.go(5, { range: true, add: false });
    library.keys.point(4);
    expect([library.keys.active, library.keys.image?.id, selection.size]).toEqual([4, library.rows.at(4)!.id, 3]);
    library.setPreview(true);
    expect(library.keys.image?.id).toBe(library.rows.at(4)!.id);
    library.keys.point(9);
    expect([library.keys.active, [...selection.images]]).toEqual([9, [library.rows.at(9)!.id]]);
  });

  it('selects everything that is filtered, and nothing of a list that was left meanwhile', async () => {
    const { library, selection } = opened();
    await known(library);
    library.filter.toggle('label', 'red square');
    await known(library);
    await library.keys.selectAll();
    expect(selection.size).toBe(library.rows.total);
    expect(selection.size).toBeLessThan(100_000);
    selection.clear();
    const late = library.keys.selectAll();
    library.filter.set({});
    await late;
    expect(selection.size).toBe(0);
  });

  it('searches when the typing rests, and a filter that is chosen twice is taken away', async () => {
    vi.useFakeTimers();
    const { library } = opened();
    library.filter.type('red');
    library.filter.type('red-00');
    expect(library.filter.parts).toEqual([]);
    await vi.advanceTimersByTimeAsync(300);
    expect(library.filter.parts).toEqual([{ key: 'search', value: 'red-00' }]);
    library.filter.toggle('split', 'val');
    library.filter.toggle('split', null);
    expect(library.filter.parts).toEqual([
      { key: 'search', value: 'red-00' },
      { key: 'split', value: null },
    ]);
    library.filter.toggle('split', null);
    library.filter.takeAway('search');
    expect([library.filter.parts, library.filter.typed]).toEqual([[], '']);
  });

  it('finds an image that the filter hides by taking the filter away', async () => {
    const { library, selection } = opened();
    await known(library);
    library.filter.set({ search: 'nothing is called like this' });
    await library.find(4321);
    expect(library.filter.parts).toEqual([]);
    await vi.waitFor(() => expect(library.keys.active).toBe(4320));
    expect([...selection.images]).toEqual([4321]);
  });

  it('does not look for an image any more once another filter is chosen', async () => {
    const { library, selection } = opened();
    await known(library);
    library.filter.set({ search: 'nothing is called like this' });
    const found = library.find(4321);
    library.filter.set({ search: 'nothing is called like that' });
    await found;
    expect(library.filter.value).toEqual({ search: 'nothing is called like that' });
    expect(selection.size).toBe(0);
  });

  it('forgets filters, place and selection in progress with the folder', async () => {
    const { library, folder } = opened();
    await known(library);
    library.filter.toggle('tag', 'favourite');
    library.keys.moveTo(50);
    library.open({ ...folder, id: 2 });
    expect([library.filter.parts, library.keys.active, library.rows.total]).toEqual([[], 0, undefined]);
  });

  it('begins at the top with another filter, and leaves the preview open; another folder closes it', async () => {
    const { library, folder } = opened();
    await known(library);
    library.keys.moveTo(50);
    library.keys.scrollTop = 900;
    library.setPreview(true);
    library.open(folder);
    expect([library.keys.active, library.keys.scrollTop, library.previewing]).toEqual([50, 900, true]);
    library.filter.toggle('split', 'val');
    expect([library.rows.total, library.keys.active, library.keys.scrollTop, library.previewing]).toEqual([undefined, 0, 0, true]);
    await known(library);
    library.open({ ...folder, id: 2 });
    expect([library.facets, library.previewing]).toEqual([undefined, false]);
    library.setPreview(true);
    expect(library.previewing).toBe(false);
  });

  it('looks at the image under the keys while the details are shown: when the keys move, rows come, the panel opens', async () => {
    const { library } = opened();
    await known(library);
    library.keys.moveTo(3);
    expect(library.details.image).toBeUndefined();
    library.layout.setPanel(true);
    expect(library.details.image).toBe(library.rows.at(3)!.id);
    await library.keys.go(4, alone);
    expect(library.details.image).toBe(library.rows.at(4)!.id);
    library.filter.toggle('label', 'red square');
    await known(library);
    expect(library.details.image).toBe(library.rows.at(0)!.id);
  });

  it('follows a scan of its folder and looks at everything when it ended', async () => {
    const { library, calls } = opened();
    await known(library);
    await vi.waitFor(() => expect(library.changes).toBeDefined());
    const scan = { id: 9, kind: 'scan', folder: 1, state: 'running' } as JobStatus;
    const times = (channel: string): number => calls.filter((one) => one === channel).length;
    library.follow([scan]);
    expect(library.changes).toBeUndefined();
    const before = times('library.page');
    library.follow([scan]);
    expect(times('library.page')).toBe(before);
    library.follow([{ ...scan, state: 'done' }]);
    expect(times('library.page')).toBe(before + 1);
    await vi.waitFor(() => expect(library.changes).toBeDefined());
  });

  it('shows rows as they come in while its folder is read, now and then', async () => {
    const { library, calls } = opened();
    await known(library);
    vi.useFakeTimers({ toFake: ['Date'] });
    const scan = { id: 9, kind: 'scan', folder: 1, state: 'running' } as JobStatus;
    const times = (channel: string): number => calls.filter((one) => one === channel).length;
    const before = [times('library.page'), times('library.facets')] as const;
    vi.setSystemTime(Date.now() + renewEvery);
    for (let i = 0; i < 3; i++) library.follow([scan]);
    expect([times('library.page'), times('library.facets')]).toEqual([before[0] + 1, before[1] + 1]);
    vi.setSystemTime(Date.now() + renewEvery);
    library.follow([scan]);
    expect(times('library.page')).toBe(before[0] + 2);
  });

  it('looks at everything again when work ended that may have scanned its folder, but not that of another', async () => {
    const { library, calls } = opened();
    await known(library);
    const times = (channel: string): number => calls.filter((one) => one === channel).length;
    const embed = { id: 9, kind: 'embed', folder: 1, state: 'done' } as JobStatus;
    library.follow([embed]);
    const before = times('library.page');
    library.follow([embed, { ...embed, id: 10, folder: 2 }]);
    expect(times('library.page')).toBe(before);
    library.follow([embed, { ...embed, id: 11, state: 'running' }]);
    library.follow([embed, { ...embed, id: 11, state: 'failed' }]);
    expect(times('library.page')).toBe(before + 1);
  });

  it('is brought up to date when its view begins, the engine is back and its folder is there again, and not with each list of folders', async () => {
    const { library, folder, calls } = opened();
    await known(library);
    const times = (): number => calls.filter((one) => one === 'library.page').length;
    const before = times();
    for (let i = 0; i < 5; i++) library.attend(true, { ...folder, images: i });
    expect(times()).toBe(before + 1);
    library.attend(false, folder);
    library.attend(true, folder);
    expect(times()).toBe(before + 2);
    library.attend(true, { ...folder, exists: false });
    library.attend(true, folder);
    expect(times()).toBe(before + 4);
    library.leave();
    library.attend(true, folder);
    expect(times()).toBe(before + 5);
  });

  it('does not ask twice when it is opened while its folder is read', async () => {
    const { library, folder, calls } = opened();
    await known(library);
    const times = (): number => calls.filter((one) => one === 'library.page').length;
    const before = times();
    library.open(folder);
    library.follow([{ id: 9, kind: 'scan', folder: 1, state: 'running' } as JobStatus]);
    expect(times()).toBe(before + 1);
  });

  it('looks for changes once at a time: not for another folder, while this one is read, or without a view', async () => {
    const { library, folder, looks, errors } = opened();
    const given = (): readonly (boolean | undefined)[] => looks.map((signal) => signal?.aborted);
    library.open(folder);
    expect(given()).toEqual([true, false]);
    library.open({ ...folder, id: 2 });
    expect(given()).toEqual([true, true, false]);
    library.follow([{ id: 9, kind: 'scan', folder: 2, state: 'running' } as JobStatus]);
    expect(given()).toEqual([true, true, true]);
    library.follow([]);
    library.open(folder);
    library.leave();
    expect(given().at(-1)).toBe(true);
    await known(library);
    await new Promise((resolve) => setTimeout(resolve));
    expect([library.changes, errors]).toEqual([undefined, []]);
  });

  it('selects what is there now: after it was opened again, tried again, and after a tag', async () => {
    const { library, folder, calls, selection } = opened();
    await known(library);
    const asked = (): number => calls.filter((one) => one === 'library.ids').length;
    await library.keys.selectAll();
    await library.keys.selectAll();
    expect(asked()).toBe(1);
    library.open(folder);
    await library.keys.selectAll();
    library.retry();
    await library.keys.selectAll();
    await library.tag([...selection.images].slice(0, 2), 'new', true);
    await library.keys.selectAll();
    expect(asked()).toBe(4);
  });

  beforeEach(() => vi.useRealTimers());
  afterEach(() => vi.useRealTimers());
});
