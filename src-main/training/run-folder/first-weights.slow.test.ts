import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as fsPromises from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { smallRecord, withTemporary } from '../testing/small-run.ts';
import { saveCheckpoint } from './checkpoint.ts';
import { keepFirstWeights, keptFirstWeights } from './first-weights.ts';
import { resumeState } from './resume.ts';
import { listCheckpoints, RunFolder } from './run-folder.ts';
import { initialState } from './state.ts';

vi.mock('node:fs/promises', { spy: true });

/** A run whose weights were kept, and the checkpoint of another that they are from. */
async function begun(folder: string): Promise<{ readonly run: RunFolder; readonly checkpoint: string }> {
  const record = smallRecord();
  const checkpoint = join(folder, 'other.safetensors');
  saveCheckpoint(checkpoint, { ...initialState({ ...record.config, seed: 77 }), step: 5 }, record);
  const run = RunFolder.create(join(folder, 'run'), { ...record, from: { run: 'other', step: 5, checkpoint } });
  await keepFirstWeights(run.path, checkpoint);
  return { run, checkpoint };
}

describe('weights of another run to begin with', () => {
  for (const way of ['a second name of the file', 'a copy, where there are no second names'] as const)
    it(`are kept as ${way}: the run begins with them when the other run is gone, and keeps them as its first checkpoint`, () =>
      withTemporary(async (folder) => {
        if (way.startsWith('a copy')) vi.mocked(fsPromises.link).mockRejectedValueOnce(Object.assign(new Error(), { code: 'EPERM' }));
        const { run, checkpoint } = await begun(folder);
        rmSync(checkpoint);
        const { tensors, step } = resumeState(run);
        const name = 'contextEncoder.patchEmbed.weight';
        expect(step).toBe(0);
        expect(tensors[name]).toEqual(initialState({ ...run.record.config, seed: 77 }).tensors[name]);
        expect(listCheckpoints(run.path).map((one) => one.step)).toEqual([0]);
        expect(keptFirstWeights(run.path)).toBeUndefined();
        expect(readdirSync(run.path).filter((one) => one.startsWith('first-weights'))).toEqual([]);
        run.dispose();
      }));

  it('that are gone already are said to be', () =>
    withTemporary(async (folder) => {
      await expect(keepFirstWeights(folder, join(folder, 'none'))).rejects.toMatchObject({ code: 'not-found' });
      expect(existsSync(join(folder, 'first-weights.safetensors'))).toBe(false);
    }));

  it('that a killed process has left go with the next start', () =>
    withTemporary(async (folder) => {
      const { run, checkpoint } = await begun(folder);
      resumeState(run);
      await keepFirstWeights(run.path, checkpoint);
      expect(resumeState(run).step).toBe(0);
      expect(keptFirstWeights(run.path)).toBeUndefined();
      run.dispose();
    }));

  it('are not begun with again where all later checkpoints are damaged: the log of what was learned would be lost', () =>
    withTemporary(async (folder) => {
      const { run } = await begun(folder);
      const state = resumeState(run);
      const later = run.checkpointPath(4);
      saveCheckpoint(later, { ...state, step: 4 }, run.record);
      const bytes = readFileSync(later);
      writeFileSync(later, bytes.subarray(0, bytes.length - 100));
      expect(() => resumeState(run)).toThrow('can be read: one is damaged');
      expect(listCheckpoints(run.path).map((one) => one.step)).toEqual([0, 4]);
      writeFileSync(later, bytes);
      expect(resumeState(run).step).toBe(4);
      run.dispose();
    }));
});
