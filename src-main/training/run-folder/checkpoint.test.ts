import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.ts';
import { writeSafetensors } from '../../formats/safetensors.ts';
import { smallRecord, withTemporary } from '../testing/small-run.ts';
import { latestCheckpoint, loadCheckpoint, loadTargetEncoder, readCheckpointHeader, saveCheckpoint } from './checkpoint.ts';
import { listCheckpoints, RunFolder } from './run-folder.ts';
import { initialState, isFiniteState } from './state.ts';
import type { TrainState } from './state.ts';

const record = smallRecord({ width: 8, heads: 1, imageSize: 12, seed: 7 });

function numbered(step: number): TrainState {
  const state = initialState(record.config);
  state.step = step;
  for (const [place, values] of Object.values(state.tensors).entries()) values.fill(step + place / 100);
  return state;
}

function refusal(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

function expectBad(work: () => unknown): void {
  const { code, hint } = refusal(work);
  expect(code).toBe('bad-checkpoint');
  expect(hint.length).toBeGreaterThan(10);
}

describe('a checkpoint', () => {
  it('gives back everything that a run needs', () =>
    withTemporary((folder) => {
      const file = join(folder, 'step-000000005.safetensors');
      const state = { ...numbered(5), contextTokens: 6 };
      saveCheckpoint(file, state, record);
      const loaded = loadCheckpoint(file);
      expect(loaded.state).toEqual(state);
      expect(loaded.header).toEqual({
        step: 5,
        config: record.config,
        threads: 1,
        fingerprint: record.fingerprint,
        run: 'small-1',
        contextTokens: 6,
      });
      expect(readCheckpointHeader(file)).toEqual(loaded.header);
      const { weights } = loadTargetEncoder(file);
      expect(Object.keys(weights).every((name) => name.startsWith('targetEncoder.'))).toBe(true);
      expect(weights['targetEncoder.norm.weight']).toEqual(state.tensors['targetEncoder.norm.weight']);
    }));

  it('is refused when it is cut at any byte', () =>
    withTemporary((folder) => {
      const file = join(folder, 'whole.safetensors');
      saveCheckpoint(file, numbered(5), record);
      const whole = readFileSync(file);
      const cut = join(folder, 'cut.safetensors');
      fc.assert(
        fc.property(fc.oneof(fc.nat(whole.length - 1), fc.nat(16)), (length) => {
          writeFileSync(cut, whole);
          truncateSync(cut, length);
          expectBad(() => loadCheckpoint(cut));
        }),
        { numRuns: 100 },
      );
    }));

  it('is refused when any bit of any byte has flipped: in the length, the settings, the step, the padding or a weight', () =>
    withTemporary((folder) => {
      const file = join(folder, 'whole.safetensors');
      saveCheckpoint(file, numbered(5), record);
      const whole = readFileSync(file);
      const headerEnd = 8 + Number(whole.readBigUInt64LE(0));
      const flipped = join(folder, 'flipped.safetensors');
      const refuse = (at: number, bit: number): void => {
        const bytes = Buffer.from(whole);
        bytes[at]! ^= 1 << bit;
        writeFileSync(flipped, bytes);
        expectBad(() => loadCheckpoint(flipped));
        expectBad(() => loadTargetEncoder(flipped));
      };
      const place = fc.oneof(fc.nat(8), fc.nat(headerEnd), fc.nat(whole.length - 1));
      fc.assert(fc.property(place, fc.nat(7), refuse), { numRuns: 120 });
      // Places where a flip leaves valid JSON of another meaning.
      const text = whole.toString('latin1', 0, headerEnd);
      for (const key of ['sha256', '"step":"5', '"threads":"1', '\\"seed\\":7', '"run":"s', '"sha256":"']) {
        expect(text).toContain(key);
        refuse(text.indexOf(key) + key.length - 1, 0);
      }
    }));

  it('is refused when it is another program’s, of another shape, or no safetensors file', () =>
    withTemporary((folder) => {
      const file = join(folder, 'other.safetensors');
      writeSafetensors(file, [{ name: 'w', shape: [2], data: Float32Array.of(1, 2) }], { format: 'pt' });
      expectBad(() => readCheckpointHeader(file));
      expectBad(() => loadCheckpoint(file));
      writeFileSync(file, 'PK\u0003\u0004 a zip file, such as torch writes');
      expectBad(() => loadCheckpoint(file));
      writeFileSync(file, '');
      expectBad(() => loadCheckpoint(file));
      // A file whose tensors are not of the sizes that its settings say.
      const wide = smallRecord({ width: 16, heads: 1, imageSize: 12 });
      const lying = join(folder, 'lying.safetensors');
      const metadata = { format: 'ijepa-studio-checkpoint-1', step: '5', threads: '1', config: JSON.stringify(wide.config) };
      writeSafetensors(lying, [{ name: 'contextEncoder.patchEmbed.weight', shape: [48, 8], data: new Float32Array(48 * 8) }], metadata);
      expectBad(() => loadCheckpoint(lying));
      expect(refusal(() => loadCheckpoint(lying)).message).toContain('[48, 16]');
      writeSafetensors(lying, [], { ...metadata, step: '5.5' });
      expectBad(() => loadCheckpoint(lying));
      writeSafetensors(lying, [], { ...metadata, config: '{"batchSize": 0}' });
      expectBad(() => loadCheckpoint(lying));
    }));

  it('is not written with weights that have overflowed', () =>
    withTemporary((folder) => {
      const file = join(folder, 'bad.safetensors');
      for (const value of [Infinity, -Infinity, NaN]) {
        const state = numbered(5);
        expect(isFiniteState(state)).toBe(true);
        state.tensors['predictor.maskToken']![3] = value;
        expect(isFiniteState(state)).toBe(false);
        expect(refusal(() => saveCheckpoint(file, state, record)).code).toBe('non-finite');
      }
      expect(() => readFileSync(file)).toThrow('ENOENT');
    }));
});

describe('resuming', () => {
  const withRun = (work: (run: RunFolder) => void): Promise<void> =>
    withTemporary((folder) => {
      const run = RunFolder.create(join(folder, 'run'), record);
      try {
        work(run);
      } finally {
        run.dispose();
      }
    });

  it('takes the newest checkpoint, and passes over damaged ones by name', () =>
    withRun((run) => {
      expect(latestCheckpoint(run.path)).toBeUndefined();
      for (const step of [2, 4, 6, 1000000000]) saveCheckpoint(run.checkpointPath(step), numbered(step), record);
      expect(latestCheckpoint(run.path)).toMatchObject({ damaged: [], file: run.checkpointPath(1000000000) });
      truncateSync(run.checkpointPath(1000000000), 5000);
      const bytes = readFileSync(run.checkpointPath(6));
      bytes[bytes.length - 3]! ^= 4;
      writeFileSync(run.checkpointPath(6), bytes);
      const found = latestCheckpoint(run.path)!;
      expect(found.state).toEqual(numbered(4));
      expect(found.damaged).toEqual([run.checkpointPath(1000000000), run.checkpointPath(6)]);
      for (const file of found.damaged) run.setAside(file);
      expect(listCheckpoints(run.path).map(({ step }) => step)).toEqual([2, 4]);
      expect(readFileSync(join(run.path, 'train.log'), 'utf8')).toContain('is damaged and was passed over');
    }));

  it('says so when every checkpoint is damaged, rather than begin again', () =>
    withRun((run) => {
      for (const step of [2, 4]) {
        saveCheckpoint(run.checkpointPath(step), numbered(step), record);
        truncateSync(run.checkpointPath(step), 1000);
      }
      const { code, message } = refusal(() => latestCheckpoint(run.path));
      expect(code).toBe('bad-checkpoint');
      expect(message).toContain('can be read: 2 are damaged');
    }));
});
