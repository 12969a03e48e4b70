import { describe, expect, it, vi } from 'vitest';
import type { RunSummary } from '../../../shared/contract/contract-runs.ts';
import type { Studio } from '../studio.svelte.ts';
import { ExportChoices } from './export-choices.svelte.ts';
import { ExportState } from './export.svelte.ts';

const run = (name: string): RunSummary => ({ name, checkpoints: [10], bestStep: 10 }) as unknown as RunSummary;

function exported() {
  const asked: { channel: string; input: Record<string, unknown>; signal?: AbortSignal }[] = [];
  const answers: Record<string, (input: Record<string, unknown>) => unknown> = {
    'explore.sources': () => [{ run: 'a', step: 10, layer: 'last', dimension: 8, embedded: 9, images: 9 }],
    'export.target': ({ folder, run: name, checkpoint }) => ({
      path: `/exports/${folder === 1 ? '' : `${String(folder)} `}${String(name)}${checkpoint === 'best' ? '' : ` ${String(checkpoint)}`}`,
    }),
    'export.preview': ({ formats }) => ({ columns: formats, rows: [], images: 9, dimension: 8, bytes: 1, code: [] }),
    'export.start': () => ({ job: 3 }),
  };
  const call = async (channel: string, input: Record<string, unknown>, options?: { signal: AbortSignal }): Promise<unknown> => {
    asked.push({ channel, input, ...options });
    return answers[channel]!(input);
  };
  const studio = {
    engine: 'ready',
    folder: { id: 1, scannedAt: 5 } as { id: number; scannedAt: number } | undefined,
    folders: undefined as readonly unknown[] | undefined,
    jobs: [] as { id: number; kind: string; state: string; folder?: number; run?: string }[],
    runs: [run('a'), run('b'), { name: 'empty', checkpoints: [] }],
    router: { about: {} as Record<string, string>, aboutOf: (view: string) => (view === 'export' ? studio.router.about : {}) },
    exporting: new ExportChoices(),
    client: { call },
    ask: call,
  };
  const state = new ExportState(studio as unknown as Studio);
  const settle = async (): Promise<void> => {
    state.follow();
    await vi.waitFor(() => {
      state.follow();
      expect(state.previewing).toBe(false);
      expect(state.target).not.toBe('');
    });
  };
  const previews = () => asked.filter(({ channel }) => channel === 'export.preview');
  return { studio, state, asked, answers, settle, previews };
}

describe('Export', () => {
  it('previews what would be written, to the suggested place', async () => {
    const { state, settle, previews } = exported();
    await settle();
    await vi.waitFor(() => expect(state.preview).toBeDefined());
    expect(previews()[0]!.input).toMatchObject({ run: 'a', formats: ['parquet'], target: '/exports/a' });
    expect(state.runs).toHaveLength(2);
    expect(state.canStart).toBe(true);
  });

  it('suggests the folder of the checkpoint that is exported', async () => {
    const { studio, state, settle } = exported();
    studio.runs = [{ ...run('a'), checkpoints: [10, 20] }];
    await settle();
    expect(state.target).toBe('/exports/a');
    state.set({ checkpoint: '20' });
    // Never the folder of another one, also while the suggestion is on its way.
    expect(state.target).toBe('');
    await settle();
    expect(state.target).toBe('/exports/a 20');
    // The best checkpoint is another one by now.
    state.set({ checkpoint: 'best' });
    await settle();
    studio.runs = [{ ...run('a'), checkpoints: [10, 20, 30], bestStep: 30 }];
    expect(state.target).toBe('');
    await settle();
    expect(state.target).toBe('/exports/a');
  });

  it('suggests another folder for the images of another one, and looks again at what is there once an export has ended', async () => {
    const { studio, state, settle, previews } = exported();
    await settle();
    studio.folder = { id: 2, scannedAt: 5 };
    // Never that of the folder before, which would be replaced.
    expect(state.target).toBe('');
    await settle();
    expect(state.target).toBe('/exports/2 a');
    await vi.waitFor(() => expect(previews().at(-1)!.input['target']).toBe('/exports/2 a'));
    const before = previews().length;
    studio.jobs = [{ id: 4, kind: 'export', state: 'done' }];
    state.follow();
    await vi.waitFor(() => expect(previews().length).toBe(before + 1));
  });

  it('asks for vectors first where there are none, but not for weights', async () => {
    const { studio, state, settle, previews } = exported();
    studio.router.about = { run: 'b' };
    await settle();
    expect([state.lacksVectors, state.canStart, state.preview]).toEqual([true, false, undefined]);
    expect(previews().filter(({ input }) => input['run'] === 'b')).toEqual([]);
    state.toggle('parquet', false);
    state.toggle('onnx', true);
    expect([state.lacksVectors, state.canStart]).toEqual([false, true]);
  });

  it('holds weights alone where there is no folder of images, which need none', async () => {
    const { studio, state, asked, answers, settle, previews } = exported();
    answers['export.target'] = () => ({ path: '/exports/weights' });
    studio.folder = undefined;
    // Not known yet.
    state.follow();
    expect(asked).toEqual([]);
    studio.folders = [];
    await settle();
    expect([state.hasFolder, state.choices.formats, state.lacksVectors, state.canStart]).toEqual([false, [], false, false]);
    state.toggle('onnx', true);
    await settle();
    await vi.waitFor(() => expect(state.preview).toBeDefined());
    expect([state.choices.formats, state.canStart]).toEqual([['onnx'], true]);
    expect(previews().at(-1)!.input).toEqual({
      run: 'a',
      checkpoint: 'best',
      layer: 'last',
      space: 'raw',
      formats: ['onnx'],
      target: '/exports/weights',
      vectorColumn: 'embedding',
      neighbours: 0,
    });
    // What was chosen before is there again with a folder.
    studio.folder = { id: 1, scannedAt: 5 };
    expect(state.choices.formats).toEqual(['parquet', 'onnx']);
  });

  it('waits for the vectors of its own run, and offers to compute them while those of another are computed', async () => {
    const { studio, state, settle } = exported();
    studio.router.about = { run: 'b' };
    await settle();
    studio.jobs = [{ id: 1, kind: 'embed', state: 'running', folder: 1, run: 'a' }];
    expect([state.lacksVectors, state.embedding]).toEqual([true, undefined]);
    studio.jobs = [...studio.jobs, { id: 2, kind: 'embed', state: 'waiting', folder: 1, run: 'b' }];
    expect(state.embedding?.id).toBe(2);
  });

  it('keeps its run when it is left for the page of another one', async () => {
    const router = { about: { run: 'b' }, aboutOf: (view: string) => (view === 'export' ? { run: 'b' } : {}) };
    const { studio, state, settle } = exported();
    Object.assign(studio, { router });
    await settle();
    state.set({ target: '/here' });
    router.about = { run: 'a' };
    state.follow();
    expect([state.run?.name, state.target]).toEqual(['b', '/here']);
  });

  it('stays with its run when a newer one is begun, and refuses a column of a name that is there', async () => {
    const { studio, state, answers, settle } = exported();
    await settle();
    studio.runs = [run('newer'), ...studio.runs];
    expect(state.run?.name).toBe('a');
    answers['export.preview'] = () => ({ columns: ['label', 'label'], rows: [], images: 9, dimension: 8, bytes: 1, code: [] });
    state.set({ vectorColumn: 'label' });
    await settle();
    expect([state.columnTaken, state.canStart]).toEqual([true, false]);
  });

  it('cannot start before it is known what lies at the target', async () => {
    const { state, answers, settle } = exported();
    await settle();
    const answer = answers['export.preview']!;
    let tell = (): void => {};
    answers['export.preview'] = (input) => new Promise((resolve) => (tell = () => resolve(answer(input))));
    state.set({ target: '/other' });
    state.follow();
    expect([state.previewing, state.canStart]).toEqual([true, false]);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(state.canStart).toBe(false);
    tell();
    await vi.waitFor(() => expect(state.canStart).toBe(true));
  });

  it('says nothing of a preview that was given up', async () => {
    const { state, answers, settle } = exported();
    await settle();
    let refuse: (error: unknown) => void = () => {};
    answers['export.preview'] = () => new Promise((_, reject) => (refuse = reject));
    state.set({ neighbours: 3 });
    state.follow();
    await vi.waitFor(() => expect(state.previewing).toBe(true));
    await new Promise((resolve) => setTimeout(resolve, 500));
    state.set({ formats: [] });
    state.follow();
    refuse(new Error('Cancelled.'));
    await new Promise((resolve) => setTimeout(resolve));
    expect(state.problem).toBeUndefined();
  });

  it('says why there is no preview, and cannot start then', async () => {
    const { state, answers, settle } = exported();
    answers['export.preview'] = () => {
      throw new Error('no such column');
    };
    await settle();
    await vi.waitFor(() => expect(state.problem).toEqual(new Error('no such column')));
    expect(state.canStart).toBe(false);
  });

  it('keeps formats in one order, whatever was chosen first', () => {
    const { state } = exported();
    state.toggle('onnx', true);
    state.toggle('npy', true);
    expect(state.choices.formats).toEqual(['parquet', 'npy', 'onnx']);
    state.toggle('parquet', false);
    expect(state.choices.formats).toEqual(['npy', 'onnx']);
  });

  it('knows that it was made, and only when the job is done', async () => {
    const { studio, state, settle } = exported();
    await settle();
    await state.start();
    studio.jobs = [{ id: 3, kind: 'export', state: 'running' }];
    expect([state.job?.id, state.made, state.canStart]).toEqual([3, undefined, false]);
    studio.jobs = [{ id: 3, kind: 'export', state: 'done' }];
    expect([state.job, state.made?.started.target]).toEqual([undefined, '/exports/a']);
    studio.jobs = [{ id: 3, kind: 'embed', state: 'done' }];
    expect(state.made).toBeUndefined();
  });
});
