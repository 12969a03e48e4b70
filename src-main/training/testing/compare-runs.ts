// Short runs of the same plan on different devices or in different precisions, and how far they are from each other.
import { expect } from 'vitest';
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { Random } from '../../../shared/random.ts';
import { patchValues, tokenCount } from '../../jepa/model.ts';
import type { StepOptions } from '../passes/create-step-device.ts';
import { initialState } from '../run-folder/state.ts';
import type { TrainState } from '../run-folder/state.ts';
import { StepRunner } from '../step-runner.ts';
import type { StepOutcome } from '../step-runner.ts';

/** Patches of a step's images; those of a broken step hold a value that is not finite. */
function patchesOf({ size }: StepRunner, step: number, broken: boolean): Float32Array {
  const random = new Random(9, 'test', step);
  const patches = Float32Array.from({ length: size.batch * tokenCount(size.model) * patchValues(size.model) }, () => random.normal());
  if (broken) patches[5] = Number.NaN;
  return patches;
}

export interface Plan {
  readonly config: TrainConfig;
  /** That the schedule is for. */
  readonly steps: number;
  readonly broken?: number;
}

/** Runs the steps from where the state is until `until`. */
export async function advance(runner: StepRunner, state: TrainState, until: number, broken?: number): Promise<readonly StepOutcome[]> {
  const outcomes: StepOutcome[] = [];
  while (state.step < until) outcomes.push(await runner.run(state, patchesOf(runner, state.step, state.step === broken)));
  await runner.save();
  return outcomes;
}

export async function using<T>({ config, steps }: Plan, options: StepOptions, use: (runner: StepRunner) => Promise<T>): Promise<T> {
  const runner = await StepRunner.create(config, steps, options);
  try {
    return await use(runner);
  } finally {
    await runner.dispose();
  }
}

/** The whole plan on one device. */
export async function train(plan: Plan, options: StepOptions): Promise<{ outcomes: readonly StepOutcome[]; state: TrainState }> {
  const state = initialState(plan.config);
  return using(plan, options, async (runner) => ({ outcomes: await advance(runner, state, plan.steps, plan.broken), state }));
}

/** The largest difference of a tensor's values, over the largest of them. */
export function worstTensor(expected: TrainState, actual: TrainState): { readonly name: string; readonly difference: number } {
  const differences = Object.entries(expected.tensors).map(([name, values]) => {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);
    return {
      name,
      difference: values.reduce((most, value, i) => Math.max(most, Math.abs(value - actual.tensors[name]![i]!)), 0) / largest,
    };
  });
  return differences.reduce((worst, one) => (one.difference <= worst.difference ? worst : one));
}

const figuresOf = (outcome: StepOutcome): readonly string[] =>
  Object.keys(outcome)
    .filter((name) => name !== 'lossScale')
    .toSorted();

/** Losses and gradient norms, as the largest relative difference; refused steps have to be the same. */
export function worstFigure(actual: readonly StepOutcome[], expected: readonly StepOutcome[]): number {
  expect(actual.map(({ refused }) => refused)).toEqual(expected.map(({ refused }) => refused));
  expect(actual.map(figuresOf)).toEqual(expected.map(figuresOf));
  const differences = expected.flatMap((outcome, step) =>
    (['loss', 'gradientNorm', 'smoothL1', 'squaredError', 'coupled'] as const)
      .filter((figure) => !outcome.refused && outcome[figure] !== undefined)
      .map((figure) => Math.abs(actual[step]![figure]! / outcome[figure]! - 1)),
  );
  return Math.max(...differences);
}

const meanLoss = (outcomes: readonly StepOutcome[]): number => outcomes.reduce((sum, { loss }) => sum + loss, 0) / outcomes.length;

/** The largest difference of the mean losses of every twenty steps, as a share. */
function worstMeanLoss(actual: readonly StepOutcome[], expected: readonly StepOutcome[]): number {
  let worst = 0;
  for (let at = 0; at < expected.length; at += 20) {
    const [a, b] = [actual, expected].map((outcomes) => meanLoss(outcomes.slice(at, at + 20)));
    worst = Math.max(worst, Math.abs(a! / b! - 1));
  }
  return worst;
}

/** Whether next to none of the values of a tensor end in sixteen bits of 0, as those of bfloat16 and float16 would. */
function isFloat32(values: Float32Array): boolean {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  return bits.filter((one) => (one & 0x1fff) !== 0).length > 0.9 * bits.length;
}

interface ReducedPrecision {
  readonly float32: StepOptions;
  readonly reduced: StepOptions;
  /** The figures of the first steps differ by more, or the products were not rounded. */
  readonly least: number;
}

/** Over 200 steps: nearly the figures of float32, weights that are not rounded, and a loss that falls and stays within half a percent. */
export async function expectNearFloat32(config: TrainConfig, { float32, reduced, least }: ReducedPrecision): Promise<void> {
  const plan: Plan = { config, steps: 200 };
  const [expected, actual] = [await train(plan, float32), await train(plan, reduced)];
  const first = worstFigure(actual.outcomes.slice(0, 4), expected.outcomes.slice(0, 4));
  expect(first, `else it is not in ${reduced.precision}`).toBeGreaterThan(least);
  expect(first).toBeLessThan(5e-3);
  expect(isFloat32(actual.state.tensors['contextEncoder.blocks.0.mlp.fc1.weight']!)).toBe(true);
  expect(worstMeanLoss(actual.outcomes, expected.outcomes)).toBeLessThan(5e-3);
  expect(meanLoss(expected.outcomes.slice(-20))).toBeLessThan(meanLoss(expected.outcomes.slice(0, 20)));
}
