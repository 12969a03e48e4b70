import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../shared/config/config.ts';
import { nodeArguments } from '../../files/node-arguments.ts';
import { compileQuickly, noTensorflow, whySkipped } from '../../runtime/testing/tensorflow-here.ts';
import { initialState } from '../run-folder/state.ts';
import { advance, expectNearFloat32, train, using, worstFigure, worstTensor } from '../testing/compare-runs.ts';
import type { Plan } from '../testing/compare-runs.ts';
import { deviceSettings } from '../testing/small-run.ts';
import type { StepOptions } from './create-step-device.ts';

const recipe = { agreement: 1, sigreg: 0.1, projectorWidth: 8, optimiser: 'muon', batchSize: 8, microBatch: 4, predictionStride: 4 };
const cpu: StepOptions = { device: 'cpu', threads: 1 };
const float32: StepOptions = { device: 'tensorflow', threads: 1 };
const bfloat16: StepOptions = { ...float32, precision: 'bfloat16' };

describe.skipIf(noTensorflow !== undefined)(`a step on TensorFlow${whySkipped}`, () => {
  beforeAll(compileQuickly);

  it.each([
    ['AdamW, one micro-batch', {}],
    ['the usual recipe: agreement, micro-batches, a prediction of some crops, Muon', recipe],
    ['smaller crops first', { ...recipe, maskedCrops: 'predicted', smallFirst: 0.5 }],
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
    await expectNearFloat32(parseConfig({ ...deviceSettings, ...recipe }), { float32: cpu, reduced: bfloat16, least: 1e-5 });
  });

  it('takes no more memory from step to step', () => {
    const steps = process.env['IJEPA_LONG'] === '1' ? 2000 : 200;
    // What a step leaves behind if it forgets a state: 1.3 MB, and gradients of 0.3 MB twice.
    const settings = JSON.stringify({ width: 96, heads: 2, imageSize: 16, batchSize: 2, microBatch: 1 });
    const script = join(import.meta.dirname, '../testing', 'measure-memory.ts');
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [...nodeArguments, '--expose-gc', script, settings, 'tensorflow', String(steps)],
      { encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(stderr);
    const { early, late } = JSON.parse(stdout) as Record<'early' | 'late', { readonly resident: number; readonly state: number }>;
    expect(late.state * (0.75 * steps)).toBeGreaterThan(150);
    expect(late.resident - early.resident).toBeLessThan(20);
  });
});
