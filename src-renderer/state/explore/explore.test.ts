import { describe, expect, it, vi } from 'vitest';
import type { EmbeddingSource, NeighbourRow } from '../../../shared/contract/contract-explore.ts';
import { Dropped } from '../dropped.svelte.ts';
import type { Studio } from '../studio.svelte.ts';
import { ExploreMemory } from './explore-memory.svelte.ts';
import { ExploreState } from './explore.svelte.ts';

const source = (run: string): EmbeddingSource => ({ run, step: 10, layer: 'last', dimension: 8, embedded: 100, images: 100 });
const row = (rank: number): NeighbourRow => ({
  rank,
  score: 1 - rank / 100,
  image: 100 + rank,
  path: `${rank}.png`,
  label: null,
  width: 1,
  height: 1,
});

/** A studio whose address, folder and answers the test sets. */
function explored(address: Record<string, string>) {
  const asked: { channel: string; input: Record<string, unknown> }[] = [];
  const answers: Record<string, (input: Record<string, unknown>) => unknown> = {
    'explore.sources': () => [source('b'), source('a')],
    'explore.search': ({ k }) => ({
      source: source('b'),
      neighbours: Array.from({ length: Number(k) }, (_, i) => row(i + 1)),
      hidden: 0,
      milliseconds: 1,
    }),
    'explore.upload': () => ({ upload: 7, width: 1, height: 1 }),
    'library.page': () => ({ total: 0, rows: [] }),
    'library.details': ({ image }) => ({ id: image, path: `${String(image)}.png`, label: null }),
  };
  const call = async (channel: string, input: Record<string, unknown>): Promise<unknown> => {
    asked.push({ channel, input });
    return answers[channel]!(input);
  };
  const said: string[] = [];
  const studio = {
    engine: 'ready',
    folder: { id: 1, images: 100, scannedAt: 5 },
    folders: [{ id: 1 }, { id: 2 }],
    choose: (id: number) => void (studio.folder = { id, images: 100, scannedAt: 5 }),
    jobs: [] as object[],
    runs: [],
    router: {
      view: 'explore',
      about: address,
      aboutOf: (_view: string) => studio.asked,
      go: (view: string, about: Record<string, string>) => {
        for (const key of Object.keys(address)) delete address[key];
        Object.assign(address, about);
        if (view === 'explore') studio.asked = { ...about };
      },
      replace: (view: string, about: Record<string, string>) => void (view === studio.router.view && studio.router.go(view, about)),
    },
    /** The last address of Explore. */
    asked: { ...address },
    dropped: new Dropped(),
    explore: new ExploreMemory(),
    notices: { fail: (error: Error) => said.push(error.message), say: (text: string) => said.push(text) },
    client: { call },
    ask: call,
  };
  const searches = () => asked.filter(({ channel }) => channel === 'explore.search').map(({ input }) => input);
  return { studio, state: new ExploreState(studio as unknown as Studio), asked, answers, said, searches };
}

async function searched(one: ReturnType<typeof explored>): Promise<void> {
  one.state.follow();
  await vi.waitFor(() => expect(one.state.sources).toBeDefined());
  one.state.follow();
  if (one.searches().length > 0) await vi.waitFor(() => expect(one.state.columns[0].result).toBeDefined());
}

describe('Explore', () => {
  it('asks for the query of the address in the newest vectors, once', async () => {
    const one = explored({ images: '3,u4', not: '5' });
    await searched(one);
    one.state.follow();
    expect(one.searches()).toEqual([
      {
        folder: 1,
        run: 'b',
        step: 10,
        layer: 'last',
        space: 'whitened',
        plus: [{ image: 3 }, { upload: 4 }],
        minus: [{ image: 5 }],
        k: 60,
      },
    ]);
  });

  it('cuts results by number and score without asking again', async () => {
    const one = explored({ images: '3' });
    await searched(one);
    one.state.set({ most: 20 });
    expect(one.state.shown(0)).toHaveLength(20);
    one.state.set({ most: 55, least: 0.9 });
    expect(one.state.shown(0).at(-1)).toMatchObject({ rank: 10, score: 0.9 });
    one.state.follow();
    expect(one.searches()).toHaveLength(1);
    one.state.set({ most: 61 });
    one.state.follow();
    expect(one.searches().map(({ k }) => k)).toEqual([60, 150]);
  });

  it('looks through other vectors beside them only when they are compared', async () => {
    const one = explored({ images: '3', run: 'a' });
    await searched(one);
    one.state.set({ compare: true });
    one.state.follow();
    expect(one.searches().map(({ run }) => run)).toEqual(['a', 'b']);
  });

  it('asks nothing without an image that results should be like', async () => {
    const one = explored({ not: '5' });
    await searched(one);
    expect(one.searches()).toEqual([]);
  });

  it('asks for what is looked for before anything is drawn, and not for what a result said of it', async () => {
    const one = explored({ images: '3' });
    await searched(one);
    expect(one.state.pictures.nameOf({ image: 3 })).toBe('3.png');
    one.asked.length = 0;
    one.state.look({ plus: [{ image: 102 }], minus: [] });
    expect(one.asked.map(({ channel }) => channel)).toEqual(['explore.search']);
    expect(one.state.pictures.nameOf({ image: 102 })).toBe('2.png');
  });

  it('asks again when the engine is back', async () => {
    const one = explored({ images: '3' });
    await searched(one);
    one.studio.engine = 'crashed';
    one.state.follow();
    one.studio.engine = 'ready';
    one.state.follow();
    await vi.waitFor(() => expect(one.asked.filter(({ channel }) => channel === 'explore.sources')).toHaveLength(2));
    expect(one.searches()).toHaveLength(2);
  });

  it('asks again when missing vectors were computed, also what could not be answered', async () => {
    const one = explored({ images: '3' });
    one.answers['explore.sources'] = () => [{ ...source('b'), embedded: 99 }];
    one.answers['explore.search'] = () => Promise.reject(new Error('3.png has no vector yet.'));
    one.state.follow();
    await vi.waitFor(() => expect(one.state.sources).toBeDefined());
    one.state.follow();
    await vi.waitFor(() => expect(one.state.columns[0].error).toBeDefined());
    one.answers['explore.sources'] = () => [source('b')];
    one.answers['explore.search'] = () => ({ source: source('b'), neighbours: [row(1)], hidden: 0, milliseconds: 1 });
    one.studio.jobs = [{ id: 1, kind: 'embed', state: 'done' }];
    one.state.follow();
    await vi.waitFor(() => expect(one.state.sources![0]!.embedded).toBe(100));
    one.state.follow();
    await vi.waitFor(() => expect(one.state.columns[0].result?.neighbours).toHaveLength(1));
    expect(one.state.columns[0].error).toBeUndefined();
    expect(one.searches()).toHaveLength(2);
  });

  it('forgets the query with its folder', async () => {
    const one = explored({ images: '3' });
    await searched(one);
    one.studio.folder = { id: 2, images: 50, scannedAt: 6 };
    one.state.follow();
    expect([one.studio.router.about, one.state.sources]).toEqual([{}, undefined]);
  });

  it('goes back within a folder alone', async () => {
    const one = explored({ images: '3' });
    await searched(one);
    one.state.look({ plus: [{ image: 4 }], minus: [] });
    expect(one.state.canGoBack).toBe(true);
    one.studio.choose(2);
    one.state.follow();
    expect([one.state.canGoBack, one.studio.explore.back(2)]).toEqual([false, undefined]);
    one.studio.choose(1);
    one.state.follow();
    one.state.back();
    expect(one.studio.router.about).toEqual({ folder: '1', images: '4' });
    one.state.back();
    expect(one.studio.router.about).toEqual({ folder: '1', images: '3' });
    expect(one.state.canGoBack).toBe(false);
  });

  it('can go back to what was looked for before another view asked for something else, and not to what it shows', async () => {
    const one = explored({ images: '3' });
    await searched(one);
    one.studio.router.view = 'library';
    one.studio.router.go('library', {});
    one.state.follow();
    one.state.dispose();
    one.studio.router.view = 'explore';
    one.studio.router.go('explore', { images: '3' });
    const again = new ExploreState(one.studio as unknown as Studio);
    again.follow();
    expect(again.canGoBack).toBe(false);
    one.studio.router.go('explore', { images: '5' });
    again.follow();
    expect(one.studio.explore.pastIn(1)).toEqual([{ plus: [{ image: 3 }], minus: [] }]);
  });

  it('follows an address to the folder that its pictures are in', async () => {
    const one = explored({ folder: '2', images: '3' });
    await searched(one);
    expect([one.studio.folder.id, one.searches()[0]!['folder']]).toEqual([2, 2]);
    // Another folder is chosen, and then the browser goes back.
    one.studio.choose(1);
    one.state.follow();
    expect(one.studio.router.about).toEqual({});
    one.studio.router.go('explore', { folder: '2', images: '3' });
    one.state.follow();
    expect(one.studio.folder.id).toBe(2);
    await vi.waitFor(() => expect(one.state.sources).toBeDefined());
    one.state.follow();
    expect(one.studio.router.about).toEqual({ folder: '2', images: '3' });
    expect(one.searches().at(-1)).toMatchObject({ folder: 2, plus: [{ image: 3 }] });
  });

  it('looks for nothing of a folder that is no more, and says so', async () => {
    const one = explored({ folder: '9', images: '3' });
    await searched(one);
    expect([one.state.isElsewhere, one.studio.folder.id, one.searches(), one.state.query.plus]).toEqual([true, 1, [], []]);
    expect(one.state.isGone).toBe(true);
    one.state.clear();
    expect(one.state.isElsewhere).toBe(false);
  });

  it('says of no folder that it is gone while the engine is away', async () => {
    const one = explored({ folder: '1', images: '3' });
    await searched(one);
    one.studio.engine = 'crashed';
    one.studio.choose(2);
    one.state.follow();
    expect([one.state.isElsewhere, one.state.isGone, one.state.query.plus]).toEqual([true, false, []]);
    one.studio.engine = 'ready';
    one.state.follow();
    expect([one.state.isElsewhere, one.studio.folder.id]).toEqual([false, 2]);
  });

  it('looks through the vectors of the run that a link asks for, whatever was chosen before; what is chosen afterwards holds', async () => {
    const one = explored({ images: '3', run: 'a' });
    one.state.choose(0, { run: 'b', step: 10, layer: 'last' });
    await searched(one);
    one.state.follow();
    expect(one.state.source(0)?.run).toBe('a');
    one.state.choose(0, { run: 'b', step: 10, layer: 'last' });
    one.state.follow();
    expect(one.state.source(0)?.run).toBe('b');
    // The way back from another view names no run.
    one.state.choose(0, { run: 'a', step: 10, layer: 'last' });
    one.studio.router.go('explore', { images: '3' });
    one.state.follow();
    expect(one.state.source(0)?.run).toBe('a');
  });

  it('has no run in its address once the vectors of another are chosen, which hold for who goes away and comes back', async () => {
    const one = explored({ images: '3', run: 'a' });
    await searched(one);
    // The same run at another layer is what the address asks for.
    one.state.choose(0, { run: 'a', step: 10, layer: 'last4' });
    one.state.choose(1, { run: 'b', step: 10, layer: 'last' });
    expect(one.studio.router.about).toEqual({ images: '3', run: 'a' });
    one.state.choose(0, { run: 'b', step: 10, layer: 'last' });
    expect(one.studio.router.about).toEqual({ images: '3' });
    one.state.follow();
    // One step back in the same view, to the query before.
    one.studio.router.go('explore', { images: '2', run: 'a' });
    one.state.follow();
    expect(one.state.source(0)?.run).toBe('b');
    one.studio.router.go('explore', { images: '3' });
    one.state.dispose();
    const again = { ...one, state: new ExploreState(one.studio as unknown as Studio) };
    await searched(again);
    expect(again.state.source(0)?.run).toBe('b');
  });

  it('never looks through the vectors of another run instead of one that has none', async () => {
    const one = explored({ images: '3', run: 'c' });
    one.state.choose(0, { run: 'b', step: 10, layer: 'last' });
    await searched(one);
    one.state.follow();
    expect([one.state.lacking, one.state.source(0), one.state.source(1), one.state.columns[0].result]).toEqual(['c', ...Array(3)]);
    // They are computed, and are those that are looked through.
    one.answers['explore.sources'] = () => [source('b'), source('a'), source('c')];
    one.studio.jobs = [{ id: 1, kind: 'embed', state: 'done' }];
    one.state.follow();
    await vi.waitFor(() => expect(one.state.sources).toHaveLength(3));
    one.state.follow();
    expect([one.state.lacking, one.state.source(0)?.run, one.searches().at(-1)!['run']]).toEqual([undefined, 'c', 'c']);
  });

  it('shows others than those of a link once they are chosen', async () => {
    const one = explored({ images: '3', run: 'c' });
    await searched(one);
    one.state.choose(0, { run: 'a', step: 10, layer: 'last' });
    one.state.follow();
    expect([one.state.lacking, one.searches().at(-1)!['run']]).toEqual([undefined, 'a']);
  });

  it('reads nothing of the address of another view that it is left for', async () => {
    const one = explored({ images: '3', run: 'a' });
    await searched(one);
    one.studio.router.view = 'train';
    one.studio.router.go('train', { run: 'b' });
    one.state.follow();
    expect([one.state.settings.sources[0]?.run, one.state.query.plus, one.searches()]).toMatchObject(['a', [{ image: 3 }], [{ run: 'a' }]]);
  });

  it('leaves who has gone on to another view there when a picture has been read, and remembers to look for it', async () => {
    vi.stubGlobal('createImageBitmap', async () => ({ close: () => {} }));
    const one = explored({ images: '3' });
    await searched(one);
    const { promise, resolve } = Promise.withResolvers<object>();
    one.answers['explore.upload'] = () => promise;
    const file = { name: 'cat.png', size: 4, arrayBuffer: async () => new ArrayBuffer(4) } as unknown as File;
    const uploaded = one.state.upload([file], 'beside');
    one.studio.router.view = 'train';
    one.studio.router.go('train', { new: '1' });
    one.state.dispose();
    resolve({ upload: 7, width: 1, height: 1 });
    await uploaded;
    expect(one.studio.router.about).toEqual({ new: '1' });
    expect(one.said).toEqual(['The picture from outside has been read.']);
    expect(one.studio.explore.lastIn(1).plus).toEqual([{ image: 3 }, { upload: 7 }]);
    expect(one.studio.explore.pastIn(1)).toEqual([{ plus: [{ image: 3 }], minus: [] }]);
    vi.unstubAllGlobals();
  });

  it('that was left and opened again takes a picture by its address, and the one that was left asks nothing', async () => {
    vi.stubGlobal('createImageBitmap', async () => ({ close: () => {} }));
    const one = explored({ images: '3' });
    await searched(one);
    one.state.dispose();
    one.asked.length = 0;
    await one.state.upload([{ name: 'cat.png', size: 4, arrayBuffer: async () => new ArrayBuffer(4) } as unknown as File]);
    expect(one.studio.router.about).toEqual({ folder: '1', images: 'u7' });
    expect(one.asked.map(({ channel }) => channel)).toEqual(['explore.upload']);
    vi.unstubAllGlobals();
  });

  it('What was looked for is remembered for the folder that it was looked for in', () => {
    const { studio, state } = explored({ images: '3', not: '4' });
    state.follow();
    expect(studio.explore.lastIn(1)).toEqual({ plus: [{ image: 3 }], minus: [{ image: 4 }] });
    expect(studio.explore.lastIn(2)).toEqual({ plus: [], minus: [] });
    expect(studio.explore.lastIn(undefined)).toEqual({ plus: [], minus: [] });
    // The view may still follow when the address is that of another one.
    studio.router.view = 'train';
    studio.router.go('train', {});
    state.follow();
    expect(studio.explore.lastIn(1).plus).toEqual([{ image: 3 }]);
  });
});
