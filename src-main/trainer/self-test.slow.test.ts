import { afterEach, describe, expect, it, vi } from 'vitest';
import { OnnxSession } from '../runtime/onnx-session.ts';
import { createStepDevice } from '../training/passes/create-step-device.ts';
import { EncoderRunner } from '../training/passes/encoder-runner.ts';
import type { StateArrays, StepDevice } from '../training/passes/step-device.ts';
import { StepRunner } from '../training/step-runner.ts';
import { longProductDeviation } from './bare-product.ts';
import { runSelfTest } from './self-test.ts';
import { tiny } from './tiny-steps.ts';

const onProcessor = { device: 'cpu', threads: 1 } as const;

describe('the self-test', () => {
  it('passes in float32 within 1e-4 of the float64 reference', async () => {
    const { deviation, passed, matmulRate, matmulSide } = await runSelfTest({ kind: 'self-test', ...onProcessor });
    expect(passed).toBe(true);
    expect(deviation).toBeLessThan(1e-4);
    expect(matmulRate).toBeGreaterThan(0);
    expect(matmulSide).toBe(1024);
  });

  it('passes in float16 within 2e-2, and is not the test in float32', async () => {
    const { deviation, passed, matmulRate } = await runSelfTest({ kind: 'self-test', ...onProcessor, precision: 'float16' });
    expect(passed).toBe(true);
    expect(deviation).toBeGreaterThan(1e-5);
    expect(deviation).toBeLessThan(2e-2);
    expect(matmulRate).toBeGreaterThan(0);
  });

  it('knows what a long sum comes to', async () => {
    expect(await longProductDeviation({ ...onProcessor, precision: 'float16' })).toBeLessThan(1e-3);
    expect(await longProductDeviation(onProcessor)).toBeLessThan(1e-5);
  });
});

type Calls = Pick<StepDevice, 'load' | 'accumulate' | 'couple' | 'update'>;
/** What the processor does wrong in a step, from a step on; `isWhole` where a batch passes in one piece. */
type Wrong = (right: Calls, step: () => number, isWhole: boolean) => Partial<Calls>;

const slightly = 1.001;
const scaled = (values: Float32Array, by: number): void => values.set(values.map((value) => value * by));

const wrongLosses =
  (by: number, from: number, pieces: boolean): Wrong =>
  (right, step, isWhole) => ({
    accumulate: async (parts) => {
      const losses = await right.accumulate(parts);
      if (isWhole === pieces || step() < from) return losses;
      return Object.fromEntries(Object.entries(losses).map(([name, value]) => [name, value * by]));
    },
    couple: async (feeds) => {
      const { coupled, ...others } = await right.couple(feeds);
      return { coupled: isWhole === pieces || step() < from ? coupled : coupled * by, ...others };
    },
  });

/** The state lies in the arrays that were loaded: `update` moves them in place. */
function wrongUpdate(name: string): Wrong {
  let arrays: StateArrays = {};
  return (right, step) => ({
    load: async (state) => right.load((arrays = state)),
    update: async (schedule) => {
      const norm = await right.update(schedule);
      if (step() === 0) scaled(arrays[name]!, slightly);
      return norm;
    },
  });
}

/** Steps of the self-test on a device that is wrong in this. */
function standIn(wrong: Wrong): void {
  const create = StepRunner.create.bind(StepRunner);
  vi.spyOn(StepRunner, 'create').mockImplementation(async (config, steps, options) =>
    create(config, steps, options, undefined, async (...asked) => {
      const device = await createStepDevice(...asked);
      const right: Calls = {
        load: device.load.bind(device),
        accumulate: device.accumulate.bind(device),
        couple: device.couple.bind(device),
        update: device.update.bind(device),
      };
      let updates = 0;
      const changed = { ...right, ...wrong(right, () => updates, config.microBatch === tiny.microBatch) };
      return Object.assign(device, {
        ...changed,
        update: async (schedule: Parameters<Calls['update']>[0]) => changed.update(schedule).finally(() => updates++),
      });
    }),
  );
}

describe('a device that computes wrong by a thousandth', () => {
  afterEach(() => void vi.restoreAllMocks());

  it.each<[string, Wrong]>([
    ['in its losses', wrongLosses(slightly, 0, false)],
    ['in the losses of its last step', wrongLosses(slightly, 2, false)],
    ['in the losses of a batch in pieces', wrongLosses(slightly, 0, true)],
    ['in the norm of its gradients', (right) => ({ update: async (schedule) => slightly * (await right.update(schedule)) })],
    ['in what an update makes of weights', wrongUpdate('contextEncoder.norm.weight')],
    ['in what an update makes of the moving average', wrongUpdate('targetEncoder.norm.weight')],
    ['in a loss that is not a number', wrongLosses(Number.NaN, 0, false)],
  ])('does not pass: %s', async (_, wrong) => {
    standIn(wrong);
    const { deviation, passed, matmulRate } = await runSelfTest({ kind: 'self-test', ...onProcessor });
    expect([passed, matmulRate]).toEqual([false, 0]);
    expect(deviation < 1e-4).toBe(false);
  });

  it('does not pass: in its embeddings', async () => {
    const create = EncoderRunner.create.bind(EncoderRunner);
    vi.spyOn(EncoderRunner, 'create').mockImplementation(async (...asked) => {
      const runner = await create(...asked);
      const run = runner.run.bind(runner);
      runner.run = async (patches) => {
        const made = await run(patches);
        scaled(made.embedding, slightly);
        return made;
      };
      return runner;
    });
    const { deviation, passed } = await runSelfTest({ kind: 'self-test', ...onProcessor });
    expect(passed).toBe(false);
    expect(deviation).toBeGreaterThan(9e-4);
    expect(deviation).toBeLessThan(1.2e-3);
  });

  it('passes where nothing of the stand-in is wrong, and in float16 by more than two hundredths not', async () => {
    standIn(() => ({}));
    expect(await runSelfTest({ kind: 'self-test', ...onProcessor })).toMatchObject({ passed: true });
    vi.restoreAllMocks();
    standIn(wrongLosses(slightly, 0, false));
    expect(await runSelfTest({ kind: 'self-test', ...onProcessor, precision: 'float16' })).toMatchObject({ passed: true });
    vi.restoreAllMocks();
    standIn(wrongLosses(1.03, 0, false));
    expect(await runSelfTest({ kind: 'self-test', ...onProcessor, precision: 'float16' })).toMatchObject({ passed: false });
  });
});

/** The nearest number of float16, which has eleven digits of two, and above 65,504 none. */
function float16(value: number): number {
  const exponent = Math.max(-14, Math.floor(Math.log2(Math.abs(value) || 1)));
  const unit = 2 ** (exponent - 10);
  const below = Math.floor(value / unit);
  const rest = value / unit - below;
  const isUp = rest > 0.5 || (rest === 0.5 && below % 2 !== 0);
  const nearest = (below + (isUp ? 1 : 0)) * unit;
  return Math.abs(nearest) > 65_504 ? Math.sign(nearest) * Infinity : nearest;
}

describe('a device that adds the products of a long sum up', () => {
  afterEach(() => void vi.restoreAllMocks());

  /** Sums of so many terms, whatever else is compiled. */
  const summing = (sum: (term: number, terms: number) => number): void => {
    const compile = OnnxSession.compile.bind(OnnxSession);
    vi.spyOn(OnnxSession, 'compile').mockImplementation(async (outputs, ...how) => {
      const session = await compile(outputs, ...how);
      if (!('y' in outputs)) return session;
      session.run = async (feeds) => {
        const [a, b] = [feeds['a'] as Float32Array, feeds['b'] as Float32Array];
        const rows = 32;
        return Promise.resolve({ y: new Float32Array(rows * rows).fill(sum(a[0]! * b[0]!, a.length / rows)) });
      };
      return session;
    });
  };
  const inOrder =
    (rounded: (value: number) => number) =>
    (term: number, terms: number): number => {
      let total = 0;
      for (let i = 0; i < terms; i++) total = rounded(total + term);
      return total;
    };

  it('in float16 does not pass in it: the sum stands still where a term is less than half of the distance between two numbers', async () => {
    expect([float16(2049), float16(2051), float16(-2049), float16(0.1), float16(65_520)]).toEqual([
      2048,
      2052,
      -2048,
      0.0999755859375,
      Infinity,
    ]);
    summing(inOrder(float16));
    const deviation = await longProductDeviation({ ...onProcessor, precision: 'float16' });
    expect(deviation).toBeGreaterThan(0.1);
    expect(await runSelfTest({ kind: 'self-test', ...onProcessor, precision: 'float16' })).toMatchObject({ deviation, passed: false });
  });

  it('in float32 is right, and one whose sum overflows or is not a number is not', async () => {
    const options = { ...onProcessor, precision: 'float16' } as const;
    summing(inOrder(Math.fround));
    expect(await longProductDeviation(options)).toBeLessThan(1e-3);
    for (const [sum, deviation] of [
      [Infinity, Infinity],
      [Number.NaN, Number.NaN],
    ] as const) {
      vi.restoreAllMocks();
      summing(() => sum);
      expect(await longProductDeviation(options)).toEqual(deviation);
      expect(await runSelfTest({ kind: 'self-test', ...options })).toMatchObject({ passed: false });
    }
  });
});
