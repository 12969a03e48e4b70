// The masks view: settings are tried here and kept for the next run; what is shown is always one whole answer to the last question.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { defaultConfig, parseConfig } from '../../../shared/config/config.ts';
import { AppError } from '../../../shared/errors.ts';
import { NextRun } from '../next-run/next-run.svelte.ts';
import type { Studio } from '../studio.svelte.ts';
import { MasksState } from './masks.svelte.ts';

const folder = 7;

/** An engine with ten images, of which the third cannot be read; samples wait until the test lets them go where it holds them back. */
function page(): {
  studio: Studio;
  asked: [string, Record<string, unknown>][];
  hold: (on: boolean) => void;
  go: () => void;
  failed: unknown[];
} {
  const asked: [string, Record<string, unknown>][] = [];
  const failed: unknown[] = [];
  const waiting: (() => void)[] = [];
  let held = false;
  const answer = (channel: string, input: Record<string, unknown>): unknown => {
    switch (channel) {
      case 'runs.plan':
        return { config: parseConfig({ ...(input['settings'] as object), imageSize: 64, patchSize: 8 }) };
      case 'library.page':
        return { total: 10, rows: [{ id: 1 + (input['offset'] as number) }] };
      case 'masks.crop':
        if (input['image'] === 3) throw new AppError('bad-file', 'Cut short.', 'Copy it anew.');
        return { side: 64, pixels: new Uint8Array(64 * 64 * 3) };
      case 'masks.sample': {
        const { targetCount } = input['settings'] as { targetCount: number };
        if (targetCount > 12) throw new AppError('bad-config', 'targetCount: too many', 'Use fewer.');
        return { grid: 8, step: input['step'], targets: [], context: [], warnings: [] };
      }
    }
    return undefined;
  };
  const client = {
    call: async (channel: string, input: Record<string, unknown>, { signal }: { signal: AbortSignal }) => {
      asked.push([channel, input]);
      if (held && channel === 'masks.sample') await new Promise<void>((resolve) => waiting.push(resolve));
      if (signal.aborted) throw new AppError('cancelled', 'Cancelled.', '');
      return answer(channel, input);
    },
  };
  const selection = { size: 0, images: new Set<number>() };
  const studio = { client, selection, nextRun: new NextRun(), notices: { fail: (error: unknown) => failed.push(error) } };
  const go = (): void => {
    for (const resolve of waiting.splice(0).toReversed()) resolve();
  };
  return { studio: studio as unknown as Studio, asked, hold: (on) => (held = on), go, failed };
}

let view: MasksState | undefined;
afterEach(() => view?.dispose());
async function opened(): Promise<ReturnType<typeof page> & { view: MasksState }> {
  const made = page();
  const state = (view = new MasksState(made.studio));
  state.open(folder);
  await vi.waitFor(() => expect(state.shown).toBeDefined());
  return { ...made, view: state };
}

describe('the masks view', () => {
  it('shows images from all over the folder, and tells which cannot be read', async () => {
    const { view: state } = await opened();
    expect(state.shown!.images).toHaveLength(8);
    expect(new Set(state.shown!.images.map(({ id }) => id)).size).toBe(8);
    expect(state.shown!.images.filter(({ crop }) => !crop).map(({ id }) => id)).toEqual([3]);
  });

  it('finds what was tried again after a visit elsewhere, but for what was chosen there, and no more once it is kept or left', async () => {
    const { view: state, studio } = await opened();
    const again = async (): Promise<MasksState> => {
      view?.dispose();
      const next = (view = new MasksState(studio));
      next.open(folder);
      await vi.waitFor(() => expect(next.config).toBeDefined());
      return next;
    };
    state.change('targetCount', 2);
    state.change('contextTokens', 5);
    const back = await again();
    expect(back.config).toMatchObject({ targetCount: 2, contextTokens: 5 });
    expect([back.kept, studio.nextRun.settings(folder)]).toEqual([false, {}]);
    studio.nextRun.keep(folder, { contextTokens: 9, batchSize: 64 });
    const third = await again();
    expect(third.config).toMatchObject({ targetCount: 2, contextTokens: 9 });
    third.keep();
    expect([third.kept, studio.nextRun.tried(folder)]).toEqual([true, undefined]);
    third.change('targetCount', 3);
    third.reset();
    expect((await again()).changed).toBe(false);
  });

  it('shows the last step that was asked for, in whatever order answers come', async () => {
    const { view: state, hold, go } = await opened();
    hold(true);
    state.draw(0, 1);
    state.draw(0, 2);
    go();
    await vi.waitFor(() => expect(state.shown!.step).toBe(2));
    expect(state.shown!.sample).toMatchObject({ step: 2 });
  });

  it('tries settings with the engine and keeps them for the next run when asked', async () => {
    const { view: state, studio, asked } = await opened();
    state.change('targetCount', 2);
    await vi.waitFor(() => expect(asked.at(-1)![1]['settings']).toMatchObject({ targetCount: 2, imageSize: 64 }));
    expect(studio.nextRun.settings(folder)).toEqual({});
    expect(state.kept).toBe(false);
    state.keep();
    expect(studio.nextRun.settings(folder)).toEqual({ targetCount: 2 });
    expect(state.kept).toBe(true);
    state.reset();
    expect(state.config?.targetCount).toBe(defaultConfig.targetCount);
    expect(state.kept).toBe(false);
  });

  it('names a setting that the engine refuses, keeps the picture, and forgets the problem when it is put right', async () => {
    const { view: state, failed } = await opened();
    const before = state.shown;
    state.change('targetCount', 14);
    await vi.waitFor(() => expect(state.problem).toMatchObject({ key: 'targetCount', hint: 'Use fewer.' }));
    expect(state.shown).toBe(before);
    state.change('targetCount', 4);
    await vi.waitFor(() => expect(state.problem).toBeUndefined());
    expect(failed).toEqual([]);
  });

  it('shows each image at its place of the step, and another crop where the way of masking changes it', async () => {
    const { view: state, asked } = await opened();
    const crops = (): Record<string, unknown>[] => asked.filter(([channel]) => channel === 'masks.crop').map(([, input]) => input);
    expect(crops().map(({ place }) => place)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    state.change('targetCount', 2);
    await vi.waitFor(() => expect(state.shown!.sample).toBeDefined());
    // The one that cannot be read is tried again.
    expect(crops()).toHaveLength(9);
    state.change('masking', 'paper-exact');
    await vi.waitFor(() => expect(crops()).toHaveLength(17));
    expect(crops().at(-1)!['settings']).toMatchObject({ masking: 'paper-exact' });
  });
});
