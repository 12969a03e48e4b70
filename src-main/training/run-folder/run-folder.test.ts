import { appendFileSync, chmodSync, existsSync, readFileSync, readdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.ts';
import type { TrainEvent } from '../../../shared/train-events.ts';
import { smallRecord, withTemporary } from '../testing/small-run.ts';
import { isCutImport, listCheckpoints, pruneCheckpoints, readRecord, RunFolder } from './run-folder.ts';
import { readEvents } from './run-log.ts';

const record = smallRecord();
const checkpoint = (step: number): TrainEvent => ({ type: 'checkpoint', step, file: `${step}`, best: false });
const scores = { raw: {}, centred: {}, whitened: {} };
const baselines: TrainEvent = {
  type: 'baselines',
  untrained: { step: 0, ...scores, rankMe: 2, meanCosine: 0.5, positionalShare: 0.5 },
  pixels: scores,
};

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError && error.hint.length > 10) return error.code;
    throw error;
  }
  return 'accepted';
};

const withRun = (work: (run: RunFolder) => void): Promise<void> =>
  withTemporary((folder) => {
    const run = RunFolder.create(join(folder, 'run'), record);
    try {
      work(run);
    } finally {
      run.dispose();
    }
  });

describe('a run’s folder', () => {
  it('keeps the record, and is opened by one at a time', () =>
    withTemporary((folder) => {
      const path = join(folder, 'run');
      const run = RunFolder.create(path, record);
      expect(readRecord(path)).toEqual(record);
      expect(run.name).toBe('run');
      expect(codeOf(() => RunFolder.open(path))).toBe('locked');
      expect(codeOf(() => RunFolder.create(path, record))).toBe('bad-input');
      run.dispose();
      expect(codeOf(() => RunFolder.create(path, smallRecord({}, 99)))).toBe('bad-input');
      expect(readRecord(path).steps).toBe(8);
      RunFolder.open(path).dispose();
      expect(readdirSync(path).toSorted()).toEqual(['checkpoints', 'config.json']);
    }));

  it('is not made among checkpoints that were learned there, whose record is gone', () =>
    withTemporary((folder) => {
      const path = join(folder, 'run');
      const run = RunFolder.create(path, record);
      run.dispose();
      writeFileSync(run.checkpointPath(0), '');
      unlinkSync(join(path, 'config.json'));
      expect(isCutImport(path)).toBe(true);
      writeFileSync(run.checkpointPath(4), '');
      expect([isCutImport(path), codeOf(() => RunFolder.create(path, record))]).toEqual([false, 'bad-input']);
      expect(listCheckpoints(path).map(({ step }) => step)).toEqual([0, 4]);
      unlinkSync(run.checkpointPath(4));
      const begun = RunFolder.begin(path, record);
      // Somebody works there.
      expect([isCutImport(path), readdirSync(path).toSorted()]).toEqual([false, ['checkpoints', 'lock']]);
      expect(listCheckpoints(path)).toEqual([]);
      begun.dispose();
    }));

  it('says what is wrong with a record', () =>
    withTemporary((folder) => {
      expect(codeOf(() => RunFolder.open(join(folder, 'none')))).toBe('not-found');
      for (const text of ['{"half": ', 'null', '{"config": {"batchSize": 0}}', '{"config": {"unheardOf": 1}}']) {
        writeFileSync(join(folder, 'config.json'), text);
        expect(
          codeOf(() => RunFolder.open(folder)),
          text,
        ).toBe('bad-config');
        expect(readdirSync(folder)).toEqual(['config.json']);
      }
    }));

  it('removes what a killed writer left aside', () =>
    withRun((run) => {
      run.dispose();
      for (const name of ['config.json.77.part', 'checkpoints/step-000000004.safetensors.77.part'])
        writeFileSync(join(run.path, name), 'half');
      RunFolder.open(run.path).dispose();
      expect(readdirSync(run.path)).toEqual(['checkpoints', 'config.json']);
      expect(readdirSync(join(run.path, 'checkpoints'))).toEqual([]);
    }));

  it.skipIf(process.getuid?.() === 0)('says that it cannot be written to', () =>
    withRun((run) => {
      run.dispose();
      chmodSync(run.path, 0o555);
      expect(codeOf(() => RunFolder.open(run.path))).toBe('not-writable');
      chmodSync(run.path, 0o755);
    }),
  );
});

describe('metrics.jsonl', () => {
  it('holds one event a line, with the time', () =>
    withRun((run) => {
      run.log(baselines);
      run.log(checkpoint(3));
      run.say('A sentence.');
      const lines = readFileSync(join(run.path, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
      expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([baselines, checkpoint(3)]);
      expect(Date.parse([...readEvents(run.path)][1]!.time)).toBeGreaterThan(Date.now() - 60_000);
      expect(readFileSync(join(run.path, 'train.log'), 'utf8')).toMatch(/^\d{4}-.*Z A sentence\.\n$/);
    }));

  it('is read up to a line that a crash tore, and goes on after it when the run does', () =>
    withRun((run) => {
      for (const step of [1, 2, 3]) run.log(checkpoint(step));
      appendFileSync(join(run.path, 'metrics.jsonl'), '{"type":"step","st');
      expect([...readEvents(run.path)].length).toBe(3);
      run.rewindLog(2);
      run.log(checkpoint(3));
      expect([...readEvents(run.path)]).toMatchObject([checkpoint(1), checkpoint(2), checkpoint(3)]);
    }));

  it('keeps the baselines when it is rewound, until the run begins again', () =>
    withRun((run) => {
      run.rewindLog(5);
      expect(existsSync(join(run.path, 'metrics.jsonl'))).toBe(false);
      run.log(baselines);
      for (const step of [1, 2, 3]) run.log(checkpoint(step));
      run.rewindLog(1);
      expect([...readEvents(run.path)]).toMatchObject([baselines, checkpoint(1)]);
      run.rewindLog(0);
      expect([...readEvents(run.path)]).toEqual([]);
    }));
});

describe('stored checkpoints', () => {
  const put = (run: RunFolder, steps: readonly number[]): void => {
    for (const step of steps) writeFileSync(run.checkpointPath(step), `${step}`);
  };
  const steps = (run: RunFolder): number[] => listCheckpoints(run.path).map(({ step }) => step);

  it('are listed by step; unfinished, damaged and foreign files do not count', () =>
    withRun((run) => {
      put(run, [20, 3, 1234567890]);
      for (const name of ['step-000000009.safetensors.12.part', 'step-000000008.safetensors.damaged', 'notes.txt'])
        writeFileSync(join(run.path, 'checkpoints', name), '');
      expect(listCheckpoints(run.path)).toMatchObject([
        { step: 3, bytes: 1 },
        { step: 20, bytes: 2 },
        { step: 1234567890, bytes: 10 },
      ]);
      expect(listCheckpoints(join(run.path, 'nowhere'))).toEqual([]);
    }));

  it('are listed by step also where their names sort otherwise', () =>
    withRun((run) => {
      // More digits than a name is filled up to.
      put(run, [12345678901, 2345678901, 999999999]);
      expect(steps(run)).toEqual([999999999, 2345678901, 12345678901]);
      pruneCheckpoints(run.path, 1, []);
      expect(steps(run)).toEqual([12345678901]);
    }));

  it('are pruned to the last ones and the best', () =>
    withRun((run) => {
      put(run, [1, 2, 3, 4, 5, 6]);
      pruneCheckpoints(run.path, 2, [3]);
      expect(steps(run)).toEqual([3, 5, 6]);
      pruneCheckpoints(run.path, 5, []);
      expect(steps(run)).toEqual([3, 5, 6]);
      pruneCheckpoints(run.path, 1, []);
      expect(steps(run)).toEqual([6]);
    }));

  it('that vanish while they are listed are left out', () =>
    withRun((run) => {
      put(run, [1]);
      // A name without a file behind it, as between reading the folder and asking for the size.
      symlinkSync(join(run.path, 'nothing'), run.checkpointPath(2));
      expect(steps(run)).toEqual([1]);
    }));
});
