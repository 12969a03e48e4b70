import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TrainConfig } from '../../shared/config-table.ts';
import { parseConfig } from '../../shared/config.ts';
import { Random } from '../../shared/random.ts';
import { patchValues, tokenCount } from '../jepa/model.ts';
import { compileQuickly, noTensorflow, whySkipped } from '../runtime/testing/tensorflow-here.ts';
import type { StepOptions } from './create-step-device.ts';
import { initialState } from './state.ts';
import type { TrainState } from './state.ts';
import { StepRunner } from './step-runner.ts';
import type { StepOutcome } from './step-runner.ts';
import { deviceSettings } from './testing/small-run.ts';

const recipe = { agreement: 1, sigreg: 0.1, projectorWidth: 8, optimiser: 'muon', batchSize: 8, microBatch: 4, predictionStride: 4 };
const cpu: StepOptions = { device: 'cpu', threads: 1 };
const float32: StepOptions = { device: 'tensorflow', threads: 1 };
const bfloat16: StepOptions = { ...float32, precision: 'bfloat16' };

/** Patches of a step's images; those of a broken step hold a value that is not finite. */
function patchesOf({ size }: StepRunner, step: number, broken: boolean): Float32Array {
  const random = new Random(9, 'test', step);
  const patches = Float32Array.from({ length: size.batch * tokenCount(size.model) * patchValues(size.model) }, () => random.normal());
  if (broken) patches[5] = Number.NaN;
  return patches;
}

interface Plan {
  readonly config: TrainConfig;
  /** That the schedule is for. */
  readonly steps: number;
  readonly broken?: number;
}

/** Runs the steps from where the state is until `until`. */
async function advance(runner: StepRunner, state: TrainState, until: number, broken?: number): Promise<readonly StepOutcome[]> {
  const outcomes: StepOutcome[] = [];
  while (state.step < until) outcomes.push(await runner.run(state, patchesOf(runner, state.step, state.step === broken)));
  await runner.save();
  return outcomes;
}

async function using<T>({ config, steps }: Plan, options: StepOptions, use: (runner: StepRunner) => Promise<T>): Promise<T> {
  const runner = await StepRunner.create(config, steps, options);
  try {
    return await use(runner);
  } finally {
    await runner.dispose();
  }
}

/** The whole plan on one device. */
async function train(plan: Plan, options: StepOptions): Promise<{ outcomes: readonly StepOutcome[]; state: TrainState }> {
  const state = initialState(plan.config);
  return using(plan, options, async (runner) => ({ outcomes: await advance(runner, state, plan.steps, plan.broken), state }));
}

/** The largest difference of a tensor's values, over the largest of them. */
function worstTensor(expected: TrainState, actual: TrainState): { readonly name: string; readonly difference: number } {
  const differences = Object.entries(expected.tensors).map(([name, values]) => {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);
    return {
      name,
      difference: values.reduce((most, value, i) => Math.max(most, Math.abs(value - actual.tensors[name]![i]!)), 0) / largest,
    };
  });
  return differences.reduce((worst, one) => (one.difference <= worst.difference ? worst : one));
}

/** Losses and gradient norms, as the largest relative difference; refused steps have to be the same. */
function worstFigure(actual: readonly StepOutcome[], expected: readonly StepOutcome[]): number {
  expect(actual.map(({ refused }) => refused)).toEqual(expected.map(({ refused }) => refused));
  expect(actual.map((outcome) => Object.keys(outcome).toSorted())).toEqual(expected.map((outcome) => Object.keys(outcome).toSorted()));
  const differences = expected.flatMap((outcome, step) =>
    (['loss', 'gradientNorm', 'smoothL1', 'squaredError', 'coupled'] as const)
      .filter((figure) => !outcome.refused && outcome[figure] !== undefined)
      .map((figure) => Math.abs(actual[step]![figure]! / outcome[figure]! - 1)),
  );
  return Math.max(...differences);
}

const meanLoss = (outcomes: readonly StepOutcome[]): number => outcomes.reduce((sum, { loss }) => sum + loss, 0) / outcomes.length;

describe.skipIf(noTensorflow !== undefined)(`a step on TensorFlow${whySkipped}`, () => {
  beforeAll(compileQuickly);

  it.each([
    ['AdamW, one micro-batch', {}],
    ['the usual recipe: agreement, micro-batches, a prediction of some crops, Muon', recipe],
  ])(
    '%s: has the losses, gradient norms and weights of the CPU, refuses what it refuses, and either goes on for the other',
    async (_, extra) => {
      const plan: Plan = { config: parseConfig({ ...deviceSettings, ...extra }), steps: 6, broken: 1 };
      const expected = await train(plan, cpu);
      expect(expected.outcomes.map(({ refused }) => refused)).toEqual([false, true, false, false, false, false]);
      const state = initialState(plan.config);
      const outcomes = await using(plan, float32, async (runner) => {
        const begun = await advance(runner, state, 4, plan.broken);
        // Another state on the same device, and back: nothing of the one is left in the other.
        const again = await advance(runner, initialState(plan.config), 1);
        expect(again).toEqual(begun.slice(0, 1));
        return [...begun, ...(await advance(runner, state, 5))];
      });
      const rest = await using(plan, cpu, async (runner) => advance(runner, state, 6));
      expect(worstFigure([...outcomes, ...rest], expected.outcomes)).toBeLessThan(1e-4);
      const { name, difference } = worstTensor(expected.state, state);
      expect(difference, name).toBeLessThan(1e-4);
    },
  );

  it('in bfloat16 has nearly those, weights that are not rounded to it, and over 200 steps a loss within half a percent', async () => {
    const plan: Plan = { config: parseConfig({ ...deviceSettings, ...recipe }), steps: 200 };
    const [expected, actual] = [await train(plan, cpu), await train(plan, bfloat16)];
    const first = worstFigure(actual.outcomes.slice(0, 4), expected.outcomes.slice(0, 4));
    expect(first, 'else it is not in bfloat16').toBeGreaterThan(1e-5);
    expect(first).toBeLessThan(5e-3);
    const bits = new Int32Array(actual.state.tensors['contextEncoder.blocks.0.mlp.fc1.weight']!.buffer);
    expect(bits.filter((one) => (one & 0xffff) !== 0).length).toBeGreaterThan(0.9 * bits.length);
    for (let at = 0; at < plan.steps; at += 20) {
      const [a, b] = [actual, expected].map(({ outcomes }) => meanLoss(outcomes.slice(at, at + 20)));
      expect(Math.abs(a! / b! - 1), `from step ${at}`).toBeLessThan(5e-3);
    }
    expect(meanLoss(expected.outcomes.slice(-20))).toBeLessThan(meanLoss(expected.outcomes.slice(0, 20)));
  });

  it('takes no more memory from step to step', () => {
    const steps = process.env['IJEPA_LONG'] === '1' ? 2000 : 200;
    // What a step leaves behind if it forgets a state: 1.3 MB, and gradients of 0.3 MB twice.
    const settings = JSON.stringify({ width: 96, heads: 2, imageSize: 16, batchSize: 2, microBatch: 1 });
    const script = join(import.meta.dirname, 'testing', 'measure-memory.ts');
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--expose-gc', script, settings, 'tensorflow', String(steps)],
      { encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(stderr);
    const { early, late } = JSON.parse(stdout) as Record<'early' | 'late', { readonly resident: number; readonly state: number }>;
    expect(late.state * (0.75 * steps)).toBeGreaterThan(150);
    expect(late.resident - early.resident).toBeLessThan(20);
  });
});
