import { copyFileSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Precision } from '../../shared/devices.ts';
import { AppError } from '../../shared/errors.ts';
import type { OnlineEvaluation, TrainEvent } from '../../shared/train-events.ts';
import type { Sample } from './judging/sample-figures.ts';
import { decidingScore, isAsGood } from './judging/scores.ts';
import { RunControl } from './run-control.ts';
import { resumeState } from './run-folder/resume.ts';
import { listCheckpoints, RunFolder } from './run-folder/run-folder.ts';
import { readEvents } from './run-folder/run-log.ts';
import { initialState } from './run-folder/state.ts';
import type { TrainState } from './run-folder/state.ts';
import { history, sampleOf, withRun } from './testing/judged-run.ts';
import type { Settings } from './testing/judged-run.ts';
import { smallBatches, trainSmall } from './testing/small-run.ts';
import { train } from './train.ts';

/** Steps at which a run is cut off, as a kill would, and gone on with from what is on the disk. */
async function cutOff(run: RunFolder, at: number, sample?: Sample): Promise<void> {
  const state = resumeState(run);
  const options = { folder: run, state, batches: smallBatches(run.record.config), device: 'cpu', control: new RunControl() } as const;
  for await (const event of train({ ...options, ...(sample && { sample }) })) if (event.type === 'step' && event.step === at) return;
}

const cases: [string, Settings][] = [
  ['micro-batches', { depth: 2 }],
  ['losses over the whole batch', { agreement: 0.5, sigreg: 0.1 }],
  ['the same through a projector', { agreement: 0.5, sigreg: 0.1, projectorWidth: 8 }],
  ['the published masks', { masking: 'paper-exact', minKeep: 2 }],
  ['smaller crops first', { agreement: 1, agreementBy: 'contrast', maskedCrops: 'predicted', predictionStride: 4, smallFirst: 0.5 }],
];

describe('a run that was stopped and resumed', () => {
  it.each(cases)('equals one never stopped, bit for bit, log included: %s', async (_, settings) => {
    const more = { ...settings, checkpointSteps: 2, keepCheckpoints: 1, evaluateSteps: 3 };
    const whole = await withRun(more, 8, async (run) => {
      const sample = sampleOf(24);
      return { ...(await trainSmall(run, { sample })), history: history(run) };
    });
    await withRun(more, 8, async (run) => {
      const sample = sampleOf(24);
      await trainSmall(run, { sample }, (event, control) => event.type === 'step' && event.step === 3 && control.stop());
      expect([...readEvents(run.path)].at(-1)).toMatchObject({ type: 'finished', step: 3, reason: 'stopped' });
      await cutOff(run, 7, sample);
      expect([...readEvents(run.path)].at(-1)).toMatchObject({ type: 'step', step: 7 });
      const { state, events } = await trainSmall(run, { sample, state: resumeState(run) });
      expect(events[0]).toMatchObject({ type: 'started', step: 6 });
      expect(state).toEqual(whole.state);
      expect(history(run)).toEqual(whole.history);
      expect(whole.history.length).toBeGreaterThan(10);
    });
  });

  it.each([3, 33])('goes on with the padding that the published masks had by then: compiled for %i', async (contextTokens) => {
    const settings = { masking: 'paper-exact', minKeep: 2, checkpointSteps: 1 };
    const start = (run: RunFolder): TrainState => ({ ...initialState(run.record.config), contextTokens });
    const whole = await withRun(settings, 6, (run) => trainSmall(run, { state: start(run) }));
    // Too short was compiled anew, too long was not.
    if (contextTokens === 33) expect(whole.state.contextTokens).toBe(33);
    else expect(whole.state.contextTokens).toBeGreaterThan(3);
    await withRun(settings, 6, async (run) => {
      await trainSmall(run, { state: start(run) }, (event, control) => event.type === 'step' && event.step === 4 && control.stop());
      const { state } = await trainSmall(run, { state: resumeState(run) });
      expect(state).toEqual(whole.state);
    });
  });

  it('passes over a newest checkpoint that is damaged, and writes it anew', async () => {
    const settings = { checkpointSteps: 2, keepCheckpoints: 1 };
    const whole = await withRun(settings, 6, (run) => trainSmall(run));
    await withRun({ ...settings, keepCheckpoints: 2 }, 6, async (run) => {
      await cutOff(run, 5);
      truncateSync(run.checkpointPath(4), 3000);
      const { state, events } = await trainSmall(run, { state: resumeState(run) });
      expect(events[0]).toMatchObject({ type: 'started', step: 2 });
      expect(state).toEqual(whole.state);
      expect(listCheckpoints(run.path).map(({ step }) => step)).toEqual([4, 6]);
      expect(listCheckpoints(run.path)[0]!.bytes).toBeGreaterThan(3000);
    });
  });

  it('refuses checkpoints of other images', async () => {
    await withRun({}, 2, async (run) => {
      await trainSmall(run);
      run.dispose();
      const other = RunFolder.create(join(run.path, 'other'), { ...run.record, fingerprint: 'other' });
      copyFileSync(run.checkpointPath(2), other.checkpointPath(2));
      expect(() => resumeState(other)).toThrow('belongs to other images');
      other.dispose();
    });
  });
});

describe('a run', () => {
  it('pauses with a checkpoint, goes on, and stops out of a pause', async () => {
    await withRun({}, 6, async (run) => {
      const { events, state } = await trainSmall(run, {}, (event, control) => {
        if (event.type === 'step' && (event.step === 2 || event.step === 4)) control.pause();
        // The loop asks for the next event first, so that it really waits.
        if (event.type === 'paused') setTimeout(() => (event.step === 2 ? control.resume() : control.stop()), 20);
      });
      const kinds = events.filter(({ type }) => type !== 'step').map(({ type }) => type);
      expect(kinds).toEqual(['started', 'checkpoint', 'paused', 'resumed', 'checkpoint', 'paused', 'checkpoint', 'finished']);
      expect(state.step).toBe(4);
      expect(listCheckpoints(run.path).map(({ step }) => step)).toEqual([2, 4]);
    });
  });

  it('computes in the precision that it is given, and says so', async () => {
    const trained = async (precision: Precision): Promise<TrainEvent[]> =>
      withRun({}, 2, async (run) => {
        const given = { folder: run, state: initialState(run.record.config), batches: smallBatches(run.record.config), precision };
        const events: TrainEvent[] = [];
        for await (const event of train({ ...given, device: 'cpu', control: new RunControl() })) events.push(event);
        return events;
      });
    const [plain, reduced] = [await trained('float32'), await trained('float16')];
    const lossOf = (events: readonly TrainEvent[]): number => events.find((event) => event.type === 'step')!.loss;
    expect(reduced[0]).toMatchObject({ type: 'started', precision: 'float16' });
    expect(lossOf(reduced)).not.toBe(lossOf(plain));
    expect(lossOf(reduced) / lossOf(plain)).toBeCloseTo(1, 2);
  });

  it('may be stopped before its first step', async () => {
    await withRun({}, 6, async (run) => {
      const control = new RunControl();
      control.stop();
      const { events } = await trainSmall(run, { control });
      expect(events.map(({ type }) => type)).toEqual(['started', 'checkpoint', 'finished']);
      expect((await trainSmall(run, { state: resumeState(run) })).state.step).toBe(6);
    });
  });

  it('says what it is doing in a log for people', async () => {
    await withRun({ evaluateSteps: 2 }, 4, async (run) => {
      await trainSmall(run, { sample: sampleOf(24), notes: [{ message: 'Something changed.', hint: 'Look at it.' }] });
      const log = readFileSync(join(run.path, 'train.log'), 'utf8');
      for (const part of [
        'Step 0 of 4 on cpu, 1 threads, 40 images',
        'Something changed. Look at it.',
        'Untrained network 0.',
        'kept as the best',
        'checkpoint /',
        'Step 4: done.',
      ])
        expect(log).toContain(part);
    });
  });

  it('keeps the best checkpoint by its score, whatever the loss does', async () => {
    await withRun({ evaluateSteps: 1, keepCheckpoints: 1, learningRate: 0.02, startLearningRate: 0.02 }, 12, async (run) => {
      const { events } = await trainSmall(run, { sample: sampleOf(24) });
      const judged = events.filter((event) => event.type === 'evaluation');
      const highest = (until: number): OnlineEvaluation =>
        judged.slice(0, until).reduce((found, one) => (decidingScore(one) > decidingScore(found) ? one : found));
      expect(judged.map(({ best: flag }) => flag)).toEqual(judged.map((one, i) => isAsGood(one, highest(i + 1))));
      const best = judged.findLast(({ best: flag }) => flag)!.step;
      expect(listCheckpoints(run.path).map(({ step }) => step)).toEqual([...new Set([best, 12])]);
    });
  });
});

describe('a loss that is not finite', () => {
  const failure = async (work: Promise<unknown>): Promise<AppError> => {
    const error: unknown = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(AppError);
    return error as AppError;
  };

  it('of one batch costs that step: the weights stay, the log says so, the run goes on', async () => {
    await withRun({ checkpointSteps: 1, keepCheckpoints: 9 }, 4, async (run) => {
      const batches = smallBatches(run.record.config);
      const poisoned = {
        next: async (step: number) => {
          const batch = await batches.next(step);
          if (step === 1) batch.patches[7] = NaN;
          return batch;
        },
      };
      const { events } = await trainSmall(run, { batches: poisoned });
      const steps = events.filter((event) => event.type === 'step');
      expect(steps.map(({ step, refusedSteps }) => [step, refusedSteps])).toEqual([
        [1, 0],
        [3, 1],
        [4, 1],
      ]);
      expect(events.find((event) => event.type === 'note')).toMatchObject({
        step: 2,
        message: expect.stringContaining('was skipped') as unknown,
      });
      // No copy of an unmoved state.
      expect(listCheckpoints(run.path).map(({ step }) => step)).toEqual([1, 3, 4]);
      expect(steps.every(({ loss }) => Number.isFinite(loss))).toBe(true);
    });
  });

  it('of every batch ends the run after 20 steps, and the last good checkpoint stays', async () => {
    await withRun({ checkpointSteps: 1, keepCheckpoints: 1 }, 60, async (run) => {
      const { config } = run.record;
      const poisoned = smallBatches(config);
      const batches = {
        next: async (step: number) => {
          const batch = await poisoned.next(step);
          if (step >= 3) batch.patches.fill(Infinity);
          return batch;
        },
      };
      const events: TrainEvent[] = [];
      const error = await failure(trainSmall(run, { batches }, (event) => events.push(event)));
      expect(error.code).toBe('non-finite');
      expect(error.hint).toContain('lower learning rate');
      expect(events.filter(({ type }) => type === 'note').length).toBe(19);
      expect(listCheckpoints(run.path).map(({ step }) => step)).toEqual([3]);
      const state = resumeState(run);
      expect(state.step).toBe(3);
      expect(
        (await trainSmall(run, { state }, (event, control) => event.type === 'step' && event.step === 5 && control.stop())).state.step,
      ).toBe(5);
    });
  });

  it('after a learning rate that blew the weights up leaves no checkpoint of them', async () => {
    // Ten times weight decay times ten: weights grow 99-fold a step until they overflow.
    const explosive = { learningRate: 10, startLearningRate: 10, finalLearningRate: 10, weightDecay: [10, 10], warmup: 0 };
    await withRun({ ...explosive, checkpointSteps: 1, keepCheckpoints: 30 }, 200, async (run) => {
      const error = await failure(trainSmall(run));
      expect(error.code).toBe('non-finite');
      const state = resumeState(run);
      expect(state.step).toBeGreaterThan(0);
      for (const values of Object.values(state.tensors)) expect(values.every((value) => Number.isFinite(value))).toBe(true);
    });
  });
});

describe('a computer that sleeps', () => {
  it('is told in the log once, and the run goes on', () =>
    withRun({}, 4, async (run) => {
      const at = { wall: 0, processor: 0 };
      const batches = smallBatches(run.record.config);
      const options = {
        folder: run,
        state: initialState(run.record.config),
        batches: {
          next: async (step: number) => {
            at.wall += step === 2 ? 7_500_000 : 1000;
            at.processor += 1e6;
            return batches.next(step);
          },
        },
        device: 'cpu',
        control: new RunControl(),
        clocks: { wall: () => at.wall, processor: () => at.processor },
      } as const;
      const events: TrainEvent[] = [];
      for await (const event of train(options)) events.push(event);
      const notes = events.filter((event) => event.type === 'note');
      expect(notes).toEqual([expect.objectContaining({ asleepSeconds: 7500, step: 3 })]);
      expect(notes[0]!.message).toContain('slept for 2 h 05 min');
      // What counts is the time of the steps around it.
      expect(events.indexOf(notes[0]!)).toBeLessThan(events.findIndex((event) => event.type === 'step' && event.step === 3));
      expect(events.every((event) => event.type !== 'step' || event.imagesPerSecond > 0)).toBe(true);
      expect(events.at(-1)).toMatchObject({ type: 'finished', reason: 'done', step: 4 });
    }));
});
