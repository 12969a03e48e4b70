import { describe, expect, it, vi } from 'vitest';
import type { DuplicateFile } from '../../../shared/contract/contract-duplicates.ts';
import type { EmbeddingSource } from '../../../shared/contract/contract-explore.ts';
import { AppError } from '../../../shared/errors.ts';
import type { Studio } from '../studio.svelte.ts';
import { DuplicateChoices } from './duplicate-choices.svelte.ts';
import { DuplicatesState } from './duplicates.svelte.ts';

const source = (run: string): EmbeddingSource => ({ run, step: 10, layer: 'last', dimension: 8, embedded: 100, images: 100 });
const file = (image: number): DuplicateFile => ({
  image,
  path: `${image}.png`,
  relation: 'file',
  similarity: 1,
  width: 1,
  height: 1,
  bytes: 1,
  modified: 0,
  marked: false,
});

/** A studio whose answers the test sets; group `n` has the images 2n + 1 and 2n + 2. */
function looked(groups = 3) {
  const asked: { channel: string; input: Record<string, unknown> }[] = [];
  const answers: Record<string, (input: Record<string, unknown>) => unknown> = {
    'explore.sources': () => [source('b'), source('a')],
    'duplicates.list': ({ offset, limit }) => ({
      stamp: 'one',
      groups,
      files: 2 * groups,
      spareBytes: groups,
      compared: { floor: 0.8, unseen: 0 },
      rows: Array.from({ length: groups }, (_, n) => ({ total: 2, files: [file(2 * n + 1), file(2 * n + 2)] })).slice(
        Number(offset),
        Number(offset) + Number(limit),
      ),
    }),
    'duplicates.mark': () => ({ marked: Int32Array.of(2), unmarked: Int32Array.of(1) }),
    'duplicates.compare': () => ({ job: 1 }),
    'library.tag': () => ({ images: 1 }),
  };
  const call = async (channel: string, input: Record<string, unknown>): Promise<unknown> => {
    asked.push({ channel, input });
    return answers[channel]!(input);
  };
  const said: string[] = [];
  const studio = {
    engine: 'ready',
    folder: { id: 1, images: 100, scannedAt: 5 },
    jobs: [] as object[],
    runs: [],
    router: { aboutOf: () => ({}) },
    duplicates: new DuplicateChoices(),
    notices: { fail: (error: Error) => said.push(error.message), say: (text: string) => said.push(text) },
    client: { call },
    ask: async (channel: string, input: Record<string, unknown>) =>
      call(channel, input).catch((error: Error) => void said.push(error.message)),
  };
  const state = new DuplicatesState(studio as unknown as Studio);
  const of = (channel: string) => asked.filter((one) => one.channel === channel).map(({ input }) => input);
  const begin = async (): Promise<void> => {
    state.follow();
    await vi.waitFor(() => expect(state.sources).toBeDefined());
    state.follow();
    await vi.waitFor(() => expect(state.summary).toBeDefined());
  };
  return { studio, state, asked, answers, said, of, begin };
}

describe('duplicates of a folder', () => {
  it('are asked for once, in the newest vectors, as the same picture', async () => {
    const one = looked();
    await one.begin();
    one.state.follow();
    expect(one.of('duplicates.list')).toEqual([
      {
        folder: 1,
        level: 'picture',
        similarity: 0.98,
        vectors: { run: 'b', step: 10, layer: 'last', space: 'whitened' },
        offset: 0,
        limit: 200,
      },
    ]);
    expect(one.state.summary).toMatchObject({ groups: 3, files: 6 });
    expect(one.state.group(1)!.files.map(({ image }) => image)).toEqual([3, 4]);
  });

  it('without vectors are the same files', async () => {
    const one = looked();
    one.answers['explore.sources'] = () => [];
    await one.begin();
    expect(one.of('duplicates.list')[0]).toEqual({ folder: 1, level: 'picture', similarity: 0.98, offset: 0, limit: 200 });
  });

  it('are asked for again when the similarity rests, not at each step of the slider', async () => {
    vi.useFakeTimers();
    try {
      const one = looked();
      one.studio.duplicates.set({ level: 'similar' });
      await one.begin();
      for (const similarity of [0.97, 0.96, 0.95]) {
        one.state.set({ similarity });
        one.state.follow();
        await vi.advanceTimersByTimeAsync(20);
      }
      expect(one.of('duplicates.list')).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(500);
      expect(one.of('duplicates.list').map(({ similarity }) => similarity)).toEqual([0.98, 0.95]);
      // Another level is no slide.
      one.state.set({ level: 'file' });
      one.state.follow();
      expect(one.of('duplicates.list')).toHaveLength(3);
    } finally {
      vi.useRealTimers();
    }
  });

  it('are looked at anew when images were compared or vectors computed', async () => {
    const one = looked();
    await one.begin();
    one.studio.jobs = [{ id: 4, kind: 'compare', state: 'done', folder: 1 }];
    one.state.follow();
    await vi.waitFor(() => expect(one.of('duplicates.list')).toHaveLength(2));
  });

  it('are asked for anew where the first page, too, comes of another list than those before it', async () => {
    const one = looked(900);
    await one.begin();
    const list = one.answers['duplicates.list']!;
    one.state.show(200, 210);
    await vi.waitFor(() => expect(one.state.group(200)).toBeDefined());
    one.answers['duplicates.list'] = (input) => ({ ...(list(input) as object), stamp: 'two' });
    one.state.retry();
    await vi.waitFor(() => expect(one.state.summary!.stamp).toBe('two'));
    const asked = (): number => one.of('duplicates.list').filter(({ offset }) => offset === 200).length;
    const before = asked();
    one.answers['duplicates.list'] = (input) => ({ ...(list(input) as object), stamp: 'three' });
    one.state.show(0, 10);
    await vi.waitFor(() => expect(one.state.summary!.stamp).toBe('three'));
    one.state.show(200, 210);
    await vi.waitFor(() => expect(asked()).toBe(before + 1));
  });

  it('of another folder are begun anew', async () => {
    const one = looked();
    await one.begin();
    one.state.move(2, 1);
    one.studio.folder = { id: 2, images: 5, scannedAt: 1 };
    one.state.follow();
    expect([one.state.summary, one.state.active]).toEqual([undefined, { group: 0, file: 0 }]);
    await vi.waitFor(() => expect(one.state.sources).toBeDefined());
    one.state.follow();
    await vi.waitFor(() => expect(one.of('duplicates.list').at(-1)).toMatchObject({ folder: 2 }));
  });

  it('that cannot be found say why, and are asked for again on request', async () => {
    const one = looked();
    const list = one.answers['duplicates.list']!;
    one.answers['duplicates.list'] = () => {
      throw new AppError('locked', 'In use.', 'Wait.');
    };
    one.state.follow();
    await vi.waitFor(() => expect(one.state.sources).toBeDefined());
    one.state.follow();
    await vi.waitFor(() => expect(one.state.problem).toMatchObject({ message: 'In use.' }));
    one.answers['duplicates.list'] = list;
    one.state.retry();
    await vi.waitFor(() => expect(one.state.summary).toBeDefined());
    expect(one.state.problem).toBeUndefined();
  });
});

describe('what is done with duplicates', () => {
  it('one file of a group is kept at a time, the best until another is chosen', async () => {
    const one = looked();
    await one.begin();
    const group = one.state.group(0)!;
    expect(one.state.kept(group).image).toBe(1);
    one.state.keepFile(group, 2);
    expect(one.state.kept(group).image).toBe(2);
    one.state.keepFile(group, 1);
    expect([one.state.kept(group).image, [...one.studio.duplicates.keep.keys()]]).toEqual([1, [1]]);
  });

  it('marks of one group or of all name the list that was seen and what is kept, and are taken back one after the other', async () => {
    const one = looked();
    await one.begin();
    expect(one.state.undoable).toBeUndefined();
    one.state.keepFile(one.state.group(1)!, 4);
    expect(await one.state.mark(one.state.group(1))).toBe(true);
    expect(one.of('duplicates.mark')[0]).toMatchObject({
      stamp: 'one',
      level: 'picture',
      keep: Int32Array.of(4),
      groups: Int32Array.of(3),
    });
    one.answers['duplicates.mark'] = () => ({ marked: Int32Array.of(6, 8), unmarked: new Int32Array(0) });
    await one.state.mark();
    expect(one.of('duplicates.mark')[1]).not.toHaveProperty('groups');
    await one.state.undo();
    await one.state.undo();
    expect(one.of('library.tag')).toEqual([
      { images: Int32Array.of(6, 8), name: 'duplicate', on: false },
      { images: Int32Array.of(2), name: 'duplicate', on: false },
      { images: Int32Array.of(1), name: 'duplicate', on: true },
    ]);
    expect(one.state.undoable).toBeUndefined();
    await one.state.undo();
    expect(one.of('library.tag')).toHaveLength(3);
  });

  it('marks that failed are no marks, and one that could not be taken back stays to be', async () => {
    const one = looked();
    await one.begin();
    const fails = (): never => {
      throw new AppError('bad-input', 'The list has changed.', '');
    };
    const mark = one.answers['duplicates.mark']!;
    one.answers['duplicates.mark'] = fails;
    expect(await one.state.mark()).toBe(false);
    expect([one.state.undoable, one.said]).toEqual([undefined, ['The list has changed.']]);
    one.answers['duplicates.mark'] = mark;
    await one.state.mark();
    one.answers['library.tag'] = fails;
    await one.state.undo();
    expect(one.state.undoable).toBeDefined();
    expect(one.state.busy).toBe(false);
  });

  it('marks of a group that was answered before the list changed name the list it stood in', async () => {
    const one = looked();
    await one.begin();
    const old = one.state.group(0)!;
    const list = one.answers['duplicates.list']!;
    one.answers['duplicates.list'] = (input) => ({ ...(list(input) as object), stamp: 'two' });
    one.studio.jobs = [{ id: 4, kind: 'compare', state: 'done', folder: 1 }];
    one.state.follow();
    await vi.waitFor(() => expect(one.state.summary!.stamp).toBe('two'));
    await one.state.mark(old);
    expect(one.of('duplicates.mark')[0]).toMatchObject({ stamp: 'one', groups: Int32Array.of(1) });
    await vi.waitFor(() => expect(one.state.group(0)).not.toBe(old));
    await one.state.mark(one.state.group(0));
    expect(one.of('duplicates.mark')[1]).toMatchObject({ stamp: 'two' });
  });

  it('marks of one folder are not taken back in another', async () => {
    const one = looked();
    await one.begin();
    await one.state.mark();
    one.studio.folder = { id: 2, images: 5, scannedAt: 1 };
    expect(one.state.undoable).toBeUndefined();
  });

  it('all images are compared with the vectors that are chosen', async () => {
    const one = looked();
    await one.begin();
    await one.state.compare();
    expect(one.of('duplicates.compare')).toEqual([{ folder: 1, vectors: { run: 'b', step: 10, layer: 'last', space: 'whitened' } }]);
  });
});
