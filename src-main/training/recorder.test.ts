import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packAnswers } from '../../shared/paired-error.ts';
import type { OnlineEvaluation, TrainEvent } from '../../shared/train-events.ts';
import type { SourceFigures } from '../evaluation/evaluate.ts';
import { Recorder } from './recorder.ts';
import type { Evaluator } from './recorder.ts';
import { changeAppFile } from './run-folder/app-file.ts';
import { saveCheckpoint } from './run-folder/checkpoint.ts';
import { listCheckpoints, RunFolder } from './run-folder/run-folder.ts';
import { readEvents } from './run-folder/run-log.ts';
import { initialState } from './run-folder/state.ts';
import type { TrainState } from './run-folder/state.ts';
import { smallRecord, withTemporary } from './testing/small-run.ts';

const record = smallRecord({ width: 8, heads: 1, imageSize: 12, keepCheckpoints: 2 });
const figures = {
  spaces: { raw: {}, centred: {}, whitened: { neighbours: 0.2 } },
  answers: { whitened: Float64Array.of(1, 0) },
} as unknown as SourceFigures;

/** A judge whose verdicts are known beforehand. */
function judgeOf(score: (step: number) => number): Evaluator {
  const evaluate = async (_: unknown, step: number): Promise<OnlineEvaluation> =>
    Promise.resolve({ step, raw: {}, centred: {}, whitened: { knn: score(step) }, rankMe: 3, meanCosine: 0.2, positionalShare: 0.1 });
  return {
    evaluate,
    pixels: async () => Promise.resolve(figures),
    neighbours: async () => Promise.resolve([]),
  };
}

/** Of 400 queries so many are right at each step, the first ones; `told`: whether the log holds which. */
function answering(right: readonly number[], told = true): Evaluator {
  const queries = 400;
  const { evaluate, ...others } = judgeOf((step) => right[step]! / queries);
  const answers = (step: number): string => packAnswers(Float64Array.from({ length: queries }, (_, i) => Number(i < right[step]!)));
  return {
    ...others,
    evaluate: async (tensors, step) => {
      const evaluation = await evaluate(tensors, step);
      return { ...evaluation, queries, ...(told && { whitened: { ...evaluation.whitened, answers: answers(step) } }) };
    },
  };
}

const flags = (events: readonly TrainEvent[]): boolean[] => events.flatMap((event) => (event.type === 'evaluation' ? [event.best] : []));

async function collect(events: AsyncGenerator<TrainEvent>): Promise<TrainEvent[]> {
  const all: TrainEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const withRun = (work: (run: RunFolder, state: TrainState) => Promise<void>): Promise<void> =>
  withTemporary(async (folder) => {
    const run = RunFolder.create(join(folder, 'run'), record);
    try {
      await work(run, initialState(record.config));
    } finally {
      run.dispose();
    }
  });
const stored = (run: RunFolder): number[] => listCheckpoints(run.path).map(({ step }) => step);

/** Steps 1, 2, … with the scores of `judge`, each judged and kept. */
async function go(state: TrainState, recorder: Recorder, judge: Evaluator, until: number): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  while (state.step < until) {
    state.step++;
    // The loss falls all the time, which must not matter.
    const loss = 1 / state.step;
    const rates = { epoch: 0, gradientNorm: 1, learningRate: 1, weightDecay: 0, momentum: 1, imagesPerSecond: 1, waitedMs: 0 };
    const counts = { skippedImages: 2 * state.step, refusedSteps: 1 };
    recorder.log({ type: 'step', step: state.step, loss, smoothL1: loss, squaredError: loss, ...rates, ...counts });
    events.push(...(await collect(recorder.judge(judge))), recorder.checkpoint());
  }
  return events;
}

const scores = [0, 0.3, 0.7, 0.5, 0.4, 0.65, 0.6];
const judge = judgeOf((step) => scores[step]!);

describe('the best checkpoint', () => {
  it('keeps the checkpoints that vectors were computed with, or that jobs need', () =>
    withRun(async (run, state) => {
      const recorder = new Recorder(run, state);
      const judge = judgeOf((step) => step / 10);
      await go(state, recorder, judge, 1);
      changeAppFile(run.path, { embedded: [1] });
      await go(state, recorder, judge, 2);
      changeAppFile(run.path, { held: [2] });
      await go(state, recorder, judge, 6);
      expect(stored(run)).toEqual([1, 2, 5, 6]);
      changeAppFile(run.path, { held: undefined });
      await go(state, recorder, judge, 7);
      expect(stored(run)).toEqual([1, 6, 7]);
    }));

  it('is that of the highest score where nobody knows how many asked, and stays while later ones go', () =>
    withRun(async (run, state) => {
      const events = await go(state, new Recorder(run, state), judge, 6);
      expect(flags(events)).toEqual([true, true, false, false, false, false]);
      expect(stored(run)).toEqual([2, 5, 6]);
    }));

  it('is the latest that is as good as the highest score, by what the same queries were answered', () =>
    withRun(async (run, state) => {
      // Of 400 queries one fewer is within a standard error, two are not: small losses do not add up.
      const right = [0, 300, 299, 298, 301, 300, 290, 280];
      const events = await go(state, new Recorder(run, state), answering(right), 7);
      expect(flags(events)).toEqual([true, true, false, true, true, false, false]);
      expect(stored(run)).toEqual([5, 6, 7]);
    }));

  it('is a score that is no lower where the log does not hold the answers', () =>
    withRun(async (run, state) => {
      const events = await go(state, new Recorder(run, state), answering([0, 300, 290, 280, 300], false), 4);
      expect(flags(events)).toEqual([true, false, false, true]);
    }));

  it('stays what the log of an earlier version calls it, which only a higher score took the place of', () =>
    withRun(async (run, state) => {
      const judge = answering([0, 300, 299, 250, 298, 300]);
      for (const step of [1, 2]) {
        state.step = step;
        run.log({ type: 'evaluation', best: step === 1, ...(await judge.evaluate(state.tensors, step)) });
        saveCheckpoint(run.checkpointPath(step), state, run.record);
      }
      // The second was as good, but its checkpoint is one of the latest alone.
      expect(flags(await go(state, new Recorder(run, state), judge, 4))).toEqual([false, false]);
      expect(stored(run)).toEqual([1, 3, 4]);
      expect(flags(await go(state, new Recorder(run, state), judge, 5))).toEqual([true]);
      expect(stored(run)).toEqual([4, 5]);
    }));

  it('is known again when the run goes on', () =>
    withRun(async (run, state) => {
      await go(state, new Recorder(run, state), judge, 4);
      const events = await go(state, new Recorder(run, state), judge, 6);
      expect(events.some((event) => event.type === 'evaluation' && event.best)).toBe(false);
      expect(stored(run)).toEqual([2, 5, 6]);
    }));

  it('is never one whose score is no number', () =>
    withRun(async (run, state) => {
      const odd = judgeOf((step) => (step < 3 ? NaN : 0.1));
      const events = await go(state, new Recorder(run, state), odd, 3);
      expect(flags(events)).toEqual([false, false, true]);
    }));

  it('is the latest when nothing judges', () =>
    withRun(async (run, state) => {
      const recorder = new Recorder(run, state);
      const events = [1, 2, 3].map((step) => ((state.step = step), recorder.checkpoint()));
      expect(events.every((event) => event.type === 'checkpoint' && event.best)).toBe(true);
      expect(stored(run)).toEqual([2, 3]);
      return Promise.resolve();
    }));
});

describe('a run that goes on', () => {
  it('counts on from what was skipped and refused', () =>
    withRun(async (run, state) => {
      expect(new Recorder(run, state).before).toEqual({ skippedImages: 0, refusedSteps: 0 });
      await go(state, new Recorder(run, state), judge, 3);
      expect(new Recorder(run, state).before).toEqual({ skippedImages: 6, refusedSteps: 1 });
    }));

  it('begins its judgement anew where other images ask, or something else is asked', () =>
    withRun(async (run, state) => {
      const labels = (queries: number) =>
        ({ kind: 'labels', queries: new Uint32Array(queries) }) as unknown as Extract<
          ConstructorParameters<typeof Recorder>[2],
          { kind: 'labels' }
        >;
      const asked = (queries: number): Evaluator => {
        const { evaluate, ...others } = judgeOf((step) => 1 / step);
        return { ...others, evaluate: async (tensors, step) => ({ ...(await evaluate(tensors, step)), queries }) };
      };
      await collect(new Recorder(run, state, labels(100)).judgeBaselines(asked(100), record.config));
      await go(state, new Recorder(run, state, labels(100)), asked(100), 2);
      // Pictures that cannot be read any more are no other plan.
      expect(new Recorder(run, state, labels(95)).judgedOtherwise).toBe(false);
      const other = new Recorder(run, state, labels(500));
      expect(other.judgedOtherwise).toBe(true);
      expect(await collect(other.judgeBaselines(asked(500), record.config))).toHaveLength(1);
      // A lower score than before, and the best of those that compare.
      const events = await go(state, other, asked(500), 3);
      expect(flags(events)).toEqual([true]);
      // It is said once.
      expect(new Recorder(run, state, labels(500)).judgedOtherwise).toBe(false);
      const crops = { kind: 'crops', images: new Uint32Array(500) } as unknown as ConstructorParameters<typeof Recorder>[2];
      expect(new Recorder(run, state, crops).judgedOtherwise).toBe(true);
    }));

  it('compares with what the same contents have said, not with as many others', () =>
    withRun(async (run, state) => {
      const plan = (asked: string, split: 'folders' | 'hash' = 'hash') =>
        ({ kind: 'labels', queries: new Uint32Array(100), asked, split }) as unknown as ConstructorParameters<typeof Recorder>[2];
      const answered = (asked: string | undefined): Evaluator => {
        const { evaluate, ...others } = judgeOf((step) => 1 / step);
        const more = { queries: 100, ...(asked !== undefined && { asked }) };
        return { ...others, evaluate: async (tensors, step) => ({ ...(await evaluate(tensors, step)), ...more }) };
      };
      await go(state, new Recorder(run, state, plan('these')), answered('these'), 2);
      expect(new Recorder(run, state, plan('these')).judgedOtherwise).toBe(false);
      expect(new Recorder(run, state, plan('others')).judgedOtherwise).toBe(true);
      // Where it was not written down a folder without a test part was split otherwise; a test part is as it was.
      await go(state, new Recorder(run, state, plan('these')), answered(undefined), 3);
      expect(new Recorder(run, state, plan('these')).judgedOtherwise).toBe(true);
      expect(new Recorder(run, state, plan('these', 'folders')).judgedOtherwise).toBe(false);
    }));

  it('judges anew, baselines too, where labels were corrected, and when they are what they were again; not for what nobody wrote down', () =>
    withRun(async (run, state) => {
      const plan = (lookedUpIn: string) =>
        ({ kind: 'labels', queries: new Uint32Array(100), asked: 'these', lookedUpIn, split: 'hash' }) as unknown as ConstructorParameters<
          typeof Recorder
        >[2];
      const answered = (lookedUpIn: string | undefined): Evaluator => {
        const { evaluate, ...others } = judgeOf((step) => 1 / (step + 1));
        const more = { queries: 100, asked: 'these', ...(lookedUpIn !== undefined && { lookedUpIn }) };
        return { ...others, evaluate: async (tensors, step) => ({ ...(await evaluate(tensors, step)), ...more }) };
      };
      /** Whether it was judged otherwise before, how many baselines it measures, and which of two evaluations are the best so far. */
      const goOn = async (labels: string, written: string | null = labels): Promise<unknown[]> => {
        const recorder = new Recorder(run, state, plan(labels));
        const judge = answered(written ?? undefined);
        const measured = await collect(recorder.judgeBaselines(judge, record.config));
        return [recorder.judgedOtherwise, measured.length, flags(await go(state, recorder, judge, state.step + 2))];
      };
      // By an earlier version.
      expect(await goOn('first', null)).toEqual([false, 1, [true, false]]);
      expect(await goOn('first')).toEqual([false, 0, [false, false]]);
      expect(await goOn('corrected')).toEqual([true, 1, [true, false]]);
      expect(await goOn('corrected')).toEqual([false, 0, [false, false]]);
      expect(await goOn('first')).toEqual([true, 1, [true, false]]);
    }));

  it('keeps the best checkpoint of a judgement that does not compare any more', () =>
    withRun(async (run, state) => {
      const plan = (asked: string) =>
        ({ kind: 'labels', queries: new Uint32Array(100), asked, split: 'hash' }) as unknown as ConstructorParameters<typeof Recorder>[2];
      const answered = (asked: string, score: (step: number) => number): Evaluator => {
        const { evaluate, ...others } = judgeOf(score);
        return { ...others, evaluate: async (tensors, step) => ({ ...(await evaluate(tensors, step)), queries: 100, asked }) };
      };
      const goOn = async (asked: string, until: number): Promise<void> => {
        // By more than a hundred queries leave to chance.
        const falling = answered(asked, (step) => 1 - step / 13);
        const recorder = new Recorder(run, state, plan(asked));
        await collect(recorder.judgeBaselines(falling, record.config));
        await go(state, recorder, falling, until);
      };
      await goOn('these', 5);
      expect(stored(run)).toEqual([1, 4, 5]);
      await goOn('others', 10);
      expect(stored(run)).toEqual([1, 6, 9, 10]);
      await goOn('others', 12);
      expect(stored(run)).toEqual([1, 6, 11, 12]);
    }));

  it('judges the baselines once', () =>
    withRun(async (run, state) => {
      const [event] = await collect(new Recorder(run, state).judgeBaselines(judge, record.config));
      expect(event).toMatchObject({ type: 'baselines', untrained: { step: 0 }, pixels: { whitened: { knn: 0.2 } } });
      expect(await collect(new Recorder(run, state).judgeBaselines(judge, record.config))).toEqual([]);
      expect([...readEvents(run.path)].length).toBe(1);
    }));

  it('judges the weights of another run that it began with, and keeps them to be judged again', () =>
    withTemporary(async (folder) => {
      const from = { run: 'other', step: 500, checkpoint: '/gone' };
      const run = RunFolder.create(join(folder, 'run'), { ...record, from });
      try {
        const state = initialState({ ...record.config, seed: 5 });
        const mark = 'targetEncoder.norm.weight';
        state.tensors[mark]!.fill(7);
        saveCheckpoint(run.checkpointPath(0), state, run.record);
        // Its score tells whose weights they are.
        const { evaluate, ...others } = judgeOf(() => 0);
        const told: Evaluator = {
          ...others,
          evaluate: async (tensors, step) => ({ ...(await evaluate(tensors, step)), whitened: { knn: tensors[mark]![0]! / 10 } }),
        };
        const first = new Recorder(run, state);
        expect(await collect(first.judgeBaselines(told, record.config))).toMatchObject([
          { type: 'baselines', untrained: { whitened: { knn: 0.1 } }, origin: { step: 0, whitened: { knn: 0.7 } } },
        ]);
        state.tensors[mark]!.fill(2);
        const events = await go(state, first, told, 5);
        expect(stored(run)).toEqual([0, 4, 5]);
        expect(events.flatMap((event) => (event.type === 'note' ? [event.rule] : []))).toContain('worse than its start');
        // Of a run that goes on, too.
        state.step = 6;
        expect(await collect(new Recorder(run, state).judge(told))).toMatchObject([{ type: 'evaluation' }, { type: 'checkpoint' }]);
        const healthy = [...readEvents(run.path, 'evaluation')].at(-1)!.healthy!;
        expect(healthy).not.toContain('worse than its start');
        expect(healthy).not.toContain('nothing gained');
        // Judged by other images, they are read again from where they are kept.
        const crops = { kind: 'crops', images: new Uint32Array(500) } as unknown as ConstructorParameters<typeof Recorder>[2];
        const again = (): Promise<TrainEvent[]> => collect(new Recorder(run, state, crops).judgeBaselines(told, record.config));
        expect(await again()).toMatchObject([{ type: 'baselines', origin: { whitened: { knn: 0.7 } } }]);
        rmSync(run.checkpointPath(0));
        const [note, without] = await again();
        expect(note).toMatchObject({ type: 'note', message: expect.stringContaining('began with are not judged') as unknown });
        expect(without).not.toHaveProperty('origin');
      } finally {
        run.dispose();
      }
    }));

  it('writes a checkpoint of a step once', () =>
    withRun(async (run, state) => {
      const recorder = new Recorder(run, state);
      state.step = 4;
      recorder.checkpoint();
      state.tensors['predictor.maskToken']![0] = NaN; // writing would refuse it
      expect(recorder.checkpoint()).toMatchObject({ step: 4 });
      expect(() => new Recorder(run, state).checkpoint()).not.toThrow();
      state.step = 5;
      expect(() => recorder.checkpoint()).toThrow('are not finite');
      return Promise.resolve();
    }));

  it('is due a checkpoint by steps, or by minutes', () =>
    withRun(async (run, state) => {
      const recorder = new Recorder(run, state);
      const due = (changes: object): boolean => recorder.isDue({ ...record.config, ...changes });
      state.step = 6;
      expect([2, 3, 4, 0].map((checkpointSteps) => due({ checkpointSteps, checkpointMinutes: 0 }))).toEqual([true, true, false, false]);
      expect(due({ checkpointSteps: 0, checkpointMinutes: 1e-9 })).toBe(true);
      expect(due({ checkpointSteps: 0, checkpointMinutes: 1000 })).toBe(false);
      return Promise.resolve();
    }));
});

describe('what is noticed', () => {
  it('is logged under a name, and each evaluation says what of it is not so', () =>
    withRun(async (run, state) => {
      const events = await go(
        state,
        new Recorder(run, state),
        judgeOf((step) => (step < 6 ? 0.5 : 0.9)),
        6,
      );
      const notes = events.filter((event) => event.type === 'note');
      expect(notes.map(({ step, rule }) => [step, rule])).toEqual([[4, 'plateau']]);
      const healthy = events.flatMap((event) => (event.type === 'evaluation' ? [event.healthy!] : []));
      expect(healthy.map((names) => names.includes('collapse'))).toEqual([true, true, true, true, true, true]);
      expect(healthy.map((names) => names.includes('plateau'))).toEqual([false, false, false, false, false, true]);
      expect([...readEvents(run.path, 'evaluation')].map(({ healthy: kept }) => kept)).toEqual(healthy);
    }));
});

describe('the log of a run', () => {
  it('tells one that goes on what was counted up to a step that was refused, and that its course was told', () =>
    withRun(async (run, state) => {
      const note = { type: 'note', message: 'Step 3 was skipped.', hint: 'Nothing.' } as const;
      run.log({ ...note, step: 3, skippedImages: 4, refusedSteps: 1 });
      run.log({ ...note, step: 3, isCourse: true });
      run.log({ ...note, step: 3 });
      const recorder = new Recorder(run, state);
      expect(recorder.before).toEqual({ skippedImages: 4, refusedSteps: 1 });
      expect([2, 3].map((step) => recorder.hasToldOfCourse(step))).toEqual([false, true]);
      return Promise.resolve();
    }));
});
