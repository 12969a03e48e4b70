import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { changeAppFile, readAppFile } from '../../../training/run-folder/app-file.ts';
import { saveCheckpoint } from '../../../training/run-folder/checkpoint.ts';
import { RunFolder } from '../../../training/run-folder/run-folder.ts';
import { initialState } from '../../../training/run-folder/state.ts';
import { smallRecord, withTemporary } from '../../../training/testing/small-run.ts';
import type { Studio } from '../../studio.ts';
import { Jobs } from '../jobs.ts';
import { HeldCheckpoints } from './held-checkpoints.ts';
import { RunStore } from './run-store.ts';

interface Opened {
  readonly path: string;
  readonly store: RunStore;
  readonly jobs: Jobs;
  readonly save: (step: number) => void;
}

/** A run with checkpoints of the steps 4 and 8. */
const withRun = async (work: (run: Opened) => Promise<void>): Promise<void> =>
  withTemporary(async (folder) => {
    const record = smallRecord();
    const run = RunFolder.create(join(folder, 'a'), record);
    const save = (step: number): void => saveCheckpoint(run.checkpointPath(step), { ...initialState(record.config), step }, record);
    [4, 8].forEach(save);
    const [store, jobs] = [new RunStore({ home: { runs: folder } } as Studio), new Jobs()];
    await work({ path: run.path, store, jobs, save });
    run.dispose();
    await jobs.dispose();
  });

const held = ({ path }: Opened): readonly number[] | undefined => readAppFile(path).held;

describe('a checkpoint that a job needs', () => {
  it('is held from when the job is accepted until it has ended, for each job', () =>
    withRun(async (run) => {
      const checkpoints = new HeldCheckpoints(run.store, run.jobs);
      const ends = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
      const jobs = ends.map(({ promise }) => run.jobs.start('evaluate', { subject: 'a' }, async () => promise));
      for (const job of jobs) (await checkpoints.hold('a', '4')).until(job);
      (await checkpoints.hold('a', 'latest')).until(jobs[1]!);
      expect(held(run)).toEqual([4, 8]);
      ends[0]!.resolve('');
      await run.jobs.wait(jobs[0]!);
      expect(held(run)).toEqual([4, 8]);
      ends[1]!.reject(new Error('failed'));
      await run.jobs.wait(jobs[1]!).catch(() => undefined);
      await vi.waitFor(() => expect(held(run)).toBeUndefined());
    }));

  it('is the latest of when the job begins, which is held then', () =>
    withRun(async (run) => {
      const checkpoints = new HeldCheckpoints(run.store, run.jobs);
      const latest = await checkpoints.hold('a', 'latest');
      expect(held(run)).toEqual([8]);
      run.save(12);
      expect(await latest.file()).toMatch(/12\.safetensors$/);
      expect(held(run)).toEqual([12]);
      rmSync(await latest.file());
      expect(await latest.file()).toMatch(/8\.safetensors$/);
    }));

  it('that there is not is said at once, and holds nothing', () =>
    withRun(async (run) => {
      await expect(new HeldCheckpoints(run.store, run.jobs).hold('a', '5')).rejects.toMatchObject({ code: 'not-found' });
      expect(held(run)).toBeUndefined();
    }));

  it('is let go by the engine after one that died', () =>
    withRun(async (run) => {
      changeAppFile(run.path, { held: [4], note: 'mine' });
      expect(new HeldCheckpoints(run.store, run.jobs)).toBeDefined();
      expect(readAppFile(run.path)).toEqual({ note: 'mine', pinned: [] });
    }));
});
