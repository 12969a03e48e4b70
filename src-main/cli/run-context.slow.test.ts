// Which run, checkpoint and folder a command means.
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { Studio } from '../engine/studio.ts';
import { addFolder } from '../library/folders.ts';
import { saveCheckpoint } from '../training/run-folder/checkpoint.ts';
import { RunFolder } from '../training/run-folder/run-folder.ts';
import { initialState } from '../training/run-folder/state.ts';
import { smallRecord, withTemporary } from '../training/testing/small-run.ts';
import type { Options } from './action.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { Output } from './output.ts';
import { withRun } from './run-context.ts';

/** A home with two runs, each of a folder of its own, and what a command with these options would use of it. */
const withRuns = async (
  work: (place: {
    readonly home: string;
    /** The checkpoint of a run. */
    readonly file: (run: string) => string;
    readonly folder: (run: string) => string;
    readonly used: (options: Options, folder?: string) => Promise<unknown>;
  }) => Promise<void>,
): Promise<void> =>
  withTemporary(async (home) => {
    const folder = (run: string): string => join(home, 'images', run);
    const studio = new Studio({ home });
    for (const [i, name] of ['first', 'newest'].entries()) {
      mkdirSync(folder(name), { recursive: true });
      addFolder(studio.library, folder(name));
      const record = { ...smallRecord(), name, folder: folder(name), created: `2026-0${i + 1}-01T00:00:00Z` };
      const run = RunFolder.create(join(home, 'runs', name), record);
      saveCheckpoint(run.checkpointPath(4), { ...initialState(record.config), step: 4 }, record);
      run.dispose();
    }
    await studio.dispose();
    const used = async (options: Options, given?: string): Promise<unknown> => {
      const output = new Output(true);
      const said = vi.spyOn(output, 'event').mockImplementation(() => {});
      let context: unknown;
      await withRun(output, { home, ...options }, given, async ({ run, checkpoint, root }) => {
        context = { run, checkpoint, root, said: (said.mock.lastCall![0] as { run: string }).run };
        return Promise.resolve(0);
      });
      return context;
    };
    const file = (run: string): string => join(home, 'runs', run, 'checkpoints', 'step-000000004.safetensors');
    await work({ home, file, folder, used });
  });

it('the file of a checkpoint is of the run that it lies in, not of the newest', () =>
  withRuns(async ({ home, file, folder, used }) => {
    const of = (name: string): unknown => ({
      run: join(home, 'runs', name),
      checkpoint: file(name),
      root: folder(name),
      said: name,
    });
    expect(await used({})).toEqual(of('newest'));
    expect(await used({ checkpoint: file('first') })).toEqual(of('first'));
    expect(await used({ checkpoint: file('first'), run: 'newest' })).toEqual({ ...(of('newest') as object), checkpoint: file('first') });
  }));

it('the file of a checkpoint that lies elsewhere needs its run or a folder', () =>
  withRuns(async ({ home, file, folder, used }) => {
    const checkpoint = join(home, 'kept.safetensors');
    cpSync(file('first'), checkpoint);
    const refused = { code: 'bad-input', hint: expect.stringMatching(/--run NAME, or the folder/) as unknown };
    await expect(used({ checkpoint })).rejects.toMatchObject(refused);
    expect(await used({ checkpoint }, folder('newest'))).toEqual({ run: undefined, checkpoint, root: folder('newest'), said: 'first' });
    expect(await used({ checkpoint, run: 'first' })).toMatchObject({ root: folder('first'), said: 'first' });
    // What it has learned from is asked for as well.
    const evaluated = evaluateCommand(new Output(true), { home, checkpoint, bank: '9', queries: '9', pixelSide: '9' }, folder('first'));
    await expect(evaluated).rejects.toMatchObject({ code: 'bad-input', hint: 'Name the run: --run NAME.' });
    await expect(used({ checkpoint: join(home, 'none.safetensors') })).rejects.toMatchObject({ code: 'not-found' });
    await expect(used({ checkpoint: join(home, 'catalogue.sqlite') })).rejects.toMatchObject({ code: 'bad-checkpoint' });
  }));
