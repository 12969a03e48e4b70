import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { interpolatePositions } from '../../jepa/interpolate-positions.ts';
import { smallRecord, trainSmall, withTemporary } from '../testing/small-run.ts';
import { saveImportedWeights } from './checkpoint.ts';
import { requireFitting, stateFrom } from './initial-weights.ts';
import { resumeState } from './resume.ts';
import { listCheckpoints, RunFolder } from './run-folder.ts';
import { initialState } from './state.ts';
import type { TrainState } from './state.ts';

const settings = { depth: 2, agreement: 0.5, sigreg: 0.1, checkpointSteps: 2 };

/** A run of three steps; the path of its last checkpoint, and its state. */
async function trainedRun(folder: string): Promise<{ readonly file: string; readonly state: TrainState }> {
  const run = RunFolder.create(join(folder, 'first'), smallRecord(settings, 3));
  const { state } = await trainSmall(run);
  run.dispose();
  return { file: listCheckpoints(run.path).at(-1)!.file, state };
}

describe('a run that begins with weights of another', () => {
  it('has them, with fresh moments, and goes on after a stop as if there had been none, bit for bit', () =>
    withTemporary(async (folder) => {
      const first = await trainedRun(folder);
      const record = smallRecord({ ...settings, learningRate: 3e-4, seed: 9 }, 6);
      const begun = stateFrom(first.file, record.config);
      expect(begun.step).toBe(0);
      for (const [name, values] of Object.entries(begun.tensors)) {
        if (name.startsWith('moment')) expect(values.every((value) => value === 0)).toBe(true);
        else expect(values).toEqual(first.state.tensors[name]);
      }
      const trainAll = async (name: string, stopAt?: number): Promise<TrainState> => {
        const from = { run: 'first', step: 3, checkpoint: join(folder, `${name}.safetensors`) };
        copyFileSync(first.file, from.checkpoint);
        const run = RunFolder.create(join(folder, name), { ...record, from });
        try {
          const begun = resumeState(run);
          // From here on it needs the other run no more.
          rmSync(from.checkpoint);
          expect(listCheckpoints(run.path).map(({ step }) => step)).toEqual([0]);
          expect(resumeState(run)).toEqual(begun);
          const { state } = await trainSmall(run, { state: begun }, (event, control) => {
            if (event.type === 'step' && event.step === stopAt) control.stop();
          });
          return stopAt === undefined ? state : (await trainSmall(run, { state: resumeState(run) })).state;
        } finally {
          run.dispose();
        }
      };
      const whole = await trainAll('whole');
      expect(whole.step).toBe(6);
      expect(await trainAll('stopped', 3)).toEqual(whole);
      // The weights it began with made a difference.
      expect(whole.tensors).not.toEqual((await trainSmall(RunFolder.create(join(folder, 'plain'), record))).state.tensors);
    }));

  it('says what does not fit', () =>
    withTemporary(async (folder) => {
      const { file } = await trainedRun(folder);
      for (const [change, said] of [
        [{ depth: 1 }, 'depth is 2 there and 1 here'],
        [{ depth: 3 }, 'depth is 2 there and 3 here'],
        [{ width: 32 }, 'width is 16 there and 32 here'],
        [{ heads: 4, predictorHeads: 2 }, 'heads is 2 there and 4 here'],
        [{ patchSize: 6 }, 'patchSize is 4 there and 6 here'],
        [{ predictorDepth: 2 }, 'predictorDepth is 1 there and 2 here'],
      ] as const) {
        const begin = (): TrainState => stateFrom(file, smallRecord({ ...settings, ...change }).config);
        const check = (): void => requireFitting(file, smallRecord({ ...settings, ...change }).config);
        for (const refused of [begin, check])
          expect(refused).toThrow(
            expect.objectContaining({ code: 'bad-config', message: expect.stringContaining(said) as string }) as Error,
          );
      }
      // Another size of the images fits.
      expect(stateFrom(file, smallRecord({ ...settings, imageSize: 32 }).config).step).toBe(0);
    }));

  it('interpolates learned positions for images of another size, and starts a projector of another size anew', () =>
    withTemporary(async (folder) => {
      const learned = { ...settings, positions: 'learned', projectorWidth: 8 };
      const run = RunFolder.create(join(folder, 'learned'), smallRecord(learned, 3));
      const { state } = await trainSmall(run);
      run.dispose();
      const { file } = listCheckpoints(run.path).at(-1)!;
      const { config } = smallRecord({ ...learned, imageSize: 32, projectorWidth: 12 });
      const { tensors } = stateFrom(file, config);
      const name = 'contextEncoder.positions';
      expect(tensors[name]).toEqual(interpolatePositions(state.tensors[name]!, 6, 8, 16));
      expect(tensors['contextEncoder.patchEmbed.weight']).toEqual(state.tensors['contextEncoder.patchEmbed.weight']);
      expect(tensors['projector.fc1.weight']).toEqual(initialState(config).tensors['projector.fc1.weight']);
      const same = stateFrom(file, smallRecord(learned).config).tensors;
      expect(same[name]).toEqual(state.tensors[name]);
      expect(same['projector.fc1.weight']).toEqual(state.tensors['projector.fc1.weight']);
    }));

  it('takes an imported encoder as both of its encoders, and can be stopped as any other', () =>
    withTemporary(async (folder) => {
      const record = smallRecord(settings);
      const other = initialState({ ...record.config, seed: 77 });
      const weights = Object.fromEntries(Object.entries(other.tensors).filter(([name]) => name.startsWith('targetEncoder.')));
      const file = join(folder, 'imported.safetensors');
      saveImportedWeights(file, weights, record);
      // A run that begins with them and is stopped goes on as if it had not been, bit for bit.
      const trained: TrainState[] = [];
      for (const [name, stopAt] of [
        ['whole', undefined],
        ['stopped', 3],
      ] as const) {
        const run = RunFolder.create(join(folder, name), {
          ...smallRecord(settings, 6),
          from: { run: 'imported', step: 0, checkpoint: file },
        });
        const first = await trainSmall(run, { state: resumeState(run) }, (event, control) => {
          if (event.type === 'step' && event.step === stopAt) control.stop();
        });
        trained.push(stopAt === undefined ? first.state : (await trainSmall(run, { state: resumeState(run) })).state);
        run.dispose();
      }
      expect(trained.map(({ step }) => step)).toEqual([6, 6]);
      expect(trained[1]).toEqual(trained[0]);
      const { tensors } = stateFrom(file, record.config);
      const fresh = initialState(record.config);
      for (const [name, values] of Object.entries(tensors)) {
        const twin = name.replace('contextEncoder.', 'targetEncoder.');
        expect(values).toEqual(twin in weights ? weights[twin] : fresh.tensors[name]);
      }
    }));
});
