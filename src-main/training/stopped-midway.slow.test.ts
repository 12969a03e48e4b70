// A stop in the middle of an evaluation or of a step: it is given up at once, nothing that was trained is lost, and a run that goes on
// afterwards equals one never stopped.
import { describe, expect, it } from 'vitest';
import type { NeighboursOfImage, TrainEvent } from '../../shared/train-events.ts';
import type { Sample } from './judging/sample-figures.ts';
import { RunControl } from './run-control.ts';
import { resumeState } from './run-folder/resume.ts';
import { listCheckpoints } from './run-folder/run-folder.ts';
import type { RunFolder } from './run-folder/run-folder.ts';
import { readEvents } from './run-folder/run-log.ts';
import { initialState } from './run-folder/state.ts';
import type { TrainState } from './run-folder/state.ts';
import { history, sampleOf, withRun } from './testing/judged-run.ts';
import { smallBatches, trainSmall } from './testing/small-run.ts';
import type { TrainingBatches } from './train.ts';

const settings = { agreement: 0.5, evaluateSteps: 3, keepCheckpoints: 1 };
const steps = 6;

/** The sample, and how many blocks of pictures were taken from it; `seen` is told of each block first, with its number from 1. */
function counted(seen: (block: number) => void, sample: Sample = sampleOf(24)): Sample {
  let block = 0;
  async function* told<T>(blocks: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const one of blocks) {
      seen(++block);
      yield one;
    }
  }
  return {
    ...sample,
    patches: (rows, view, batch) => told(sample.patches(rows, view, batch)),
    pixels: (rows, view) => told(sample.pixels(rows, view)),
    ...(sample.look && {
      look: { ...sample.look, patches: (hashes: readonly string[], batch: number) => told(sample.look!.patches(hashes, batch)) },
    }),
  };
}

/** The same with a picture whose neighbours are looked up. */
function looking(): Sample {
  const sample = sampleOf(24);
  const hashes = Array.from({ length: 12 }, (_, i) => `image-${i}`);
  return {
    ...sample,
    look: {
      hashes,
      pinned: () => ['image-3'],
      patches: (asked, batch) =>
        sample.patches(
          Uint32Array.from(asked, (hash) => hashes.indexOf(hash)),
          'whole',
          batch,
        ),
    },
  };
}

interface Whole {
  readonly state: TrainState;
  readonly history: unknown[];
  /** Step that each block of pictures was taken at, from the first block on. */
  readonly stepOf: readonly number[];
}

async function neverStopped(sample: () => Sample = () => sampleOf(24)): Promise<Whole> {
  return withRun(settings, steps, async (run) => {
    const stepOf: number[] = [];
    let step = 0;
    const { state } = await trainSmall(run, { sample: counted(() => stepOf.push(step), sample()) }, (event) => {
      if (event.type === 'step') ({ step } = event);
    });
    return { state, history: history(run), stepOf };
  });
}

/** Trains with a stop at a block of pictures, goes on, and compares; the events until the stop. */
async function stoppedAt(block: number, whole: Whole, sample: () => Sample = () => sampleOf(24)): Promise<TrainEvent[]> {
  return withRun(settings, steps, async (run) => {
    const control = new RunControl();
    const { state, events } = await trainSmall(run, {
      control,
      sample: counted((now) => {
        if (now === block) control.stop();
        // Those that are computed already are of no use to anybody, and no more are asked for.
        expect(now).toBeLessThanOrEqual(block);
      }, sample()),
    });
    expect(events.at(-1)).toMatchObject({ type: 'finished', reason: 'stopped', step: state.step });
    expect(listCheckpoints(run.path).at(-1)?.step).toBe(state.step);
    const again = await trainSmall(run, { sample: sample(), state: resumeState(run) });
    expect(again.events.at(-1)).toMatchObject({ type: 'finished', reason: 'done', step: steps });
    expect(again.state).toEqual(whole.state);
    expect(history(run)).toEqual(whole.history);
    return events;
  });
}

const evaluationsOf = (events: readonly TrainEvent[]): number[] =>
  events.flatMap((event) => (event.type === 'evaluation' ? [event.step] : []));

describe('a stop in the middle of an evaluation', () => {
  it('gives it up, keeps all that was trained, and it is made when the run goes on', async () => {
    const whole = await neverStopped();
    expect([...new Set(whole.stepOf)]).toEqual([0, 3, 6]);
    for (const step of [0, 3, 6]) {
      const first = whole.stepOf.indexOf(step) + 1;
      const events = await stoppedAt(first + 1, whole);
      expect(events.at(-1)).toMatchObject({ step });
      expect(evaluationsOf(events)).toEqual([3, 6].filter((one) => one < step));
    }
  });

  it('keeps its score where only the neighbours of pinned pictures are missing, which are looked up when the run goes on', async () => {
    const whole = await neverStopped(looking);
    const events = await stoppedAt(whole.stepOf.lastIndexOf(3) + 1, whole, looking);
    expect(evaluationsOf(events)).toEqual([3]);
    expect(events.some(({ type }) => type === 'neighbours')).toBe(false);
    const looked = whole.history.filter((event) => (event as TrainEvent).type === 'neighbours') as { rows: readonly NeighboursOfImage[] }[];
    expect(looked.map(({ rows }) => rows.map(({ hash }) => hash))).toEqual([['image-3'], ['image-3']]);
  });

  it('is not made again where the run had been judged', async () => {
    await withRun(settings, steps, async (run) => {
      await trainSmall(run, { sample: looking() }, (event, control) => event.type === 'neighbours' && control.stop());
      expect(evaluationsOf([...readEvents(run.path)])).toEqual([3]);
      const { events } = await trainSmall(run, { sample: looking(), state: resumeState(run) });
      expect(evaluationsOf(events)).toEqual([6]);
    });
  });
});

/** Batches; right after that of a step has come, the run is to stop. */
function stopping({ record }: RunFolder, control: RunControl, at: number): TrainingBatches {
  const batches = smallBatches(record.config);
  return {
    next: async (step) => {
      // As a message, which is read only when the loop of events turns.
      if (step === at) setImmediate(() => control.stop());
      return batches.next(step);
    },
  };
}

describe('a stop in the middle of a step', () => {
  it.each([
    ['micro-batches', {}],
    ['losses over the whole batch', { sigreg: 0.1 }],
    ['contexts of many lengths', { masking: 'paper-exact', minKeep: 2 }],
  ])('drops the step whole: %s', async (_, more) => {
    const own = { agreement: 0.5, ...more };
    const whole = await withRun(own, steps, (run) => trainSmall(run));
    await withRun(own, steps, async (run) => {
      const control = new RunControl();
      const { events, state } = await trainSmall(run, { control, batches: stopping(run, control, 3) });
      expect(events.filter(({ type }) => type === 'step').length).toBe(3);
      expect(events.at(-1)).toMatchObject({ type: 'finished', reason: 'stopped', step: 3 });
      expect(state.step).toBe(3);
      const again = await trainSmall(run, { state: resumeState(run) });
      expect(again.state).toEqual(whole.state);
    });
  });

  it('leaves nothing of it behind, also where it was compiled for a longer context than any step before', async () => {
    const own = { masking: 'paper-exact', minKeep: 2 };
    await withRun(own, steps, async (run) => {
      const control = new RunControl();
      const state = { ...initialState(run.record.config), contextTokens: 3 };
      await trainSmall(run, { control, state, batches: stopping(run, control, 0) });
      expect(resumeState(run)).toEqual({ ...initialState(run.record.config), contextTokens: 3 });
    });
  });
});
