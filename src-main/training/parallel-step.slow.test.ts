// A step on several cores against the same step on one.
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config.ts';
import type { TrainConfig } from '../../shared/config-table.ts';
import { Random } from '../../shared/random.ts';
import { patchValues, tokenCount } from '../jepa/model.ts';
import { createStepDevice } from './create-step-device.ts';
import { HostStep } from './host-step.ts';
import { ParallelStep } from './parallel-step.ts';
import { phasesOf } from './phases.ts';
import { initialState } from './state.ts';
import type { TrainState } from './state.ts';
import { StepRunner } from './step-runner.ts';
import type { StepOutcome } from './step-runner.ts';
import { worstFigure, worstTensor } from './testing/compare-runs.ts';

const settings = {
  architecture: 'custom',
  width: 24,
  depth: 2,
  heads: 2,
  imageSize: 32,
  patchSize: 8,
  predictorWidth: 12,
  predictorDepth: 1,
  predictorHeads: 2,
  batchSize: 16,
  agreement: 1,
  agreementBy: 'contrast',
  predictionStride: 4,
  maskedCrops: 'predicted',
  projectorWidth: 8,
  stem: 'convolutions',
  optimiser: 'muon',
  learningRate: 1e-3,
} as const;

interface Run {
  readonly outcomes: readonly StepOutcome[];
  readonly state: TrainState;
  readonly devices: readonly string[];
}

const steps = 10;

/** Patches of a step, in memory that is shared and in memory that is not. */
function patchesOf(config: TrainConfig, step: number): Float32Array {
  const { size } = phasesOf(config, steps).find(({ until }) => step < until)!;
  const count = size.batch * tokenCount(size.model) * patchValues(size.model);
  const random = new Random(9, 'test', step);
  const patches = step % 2 === 0 ? new Float32Array(new SharedArrayBuffer(4 * count)) : new Float32Array(count);
  for (let i = 0; i < count; i++) patches[i] = random.normal();
  return patches;
}

async function train(config: TrainConfig, threads: number, until: number, state = initialState(config), broken?: number): Promise<Run> {
  const devices: string[] = [];
  const outcomes: StepOutcome[] = [];
  const runner = await StepRunner.create(config, steps, { threads }, state, async (...given) => {
    const device = await createStepDevice(...given);
    devices.push(device.constructor.name);
    return device;
  });
  try {
    while (state.step < until) {
      const patches = patchesOf(config, state.step);
      if (state.step === broken) patches[5] = Number.NaN;
      outcomes.push(await runner.run(state, patches));
    }
    await runner.save();
    return { outcomes, state, devices };
  } finally {
    await runner.dispose();
  }
}

describe('a step on several cores', () => {
  it.each([
    ['that tells crops of the whole batch apart', {}, 2],
    ['that tells those of four images apart', { contrastImages: 4 }, 4],
    ['whose cores have different numbers of parts', { contrastImages: 2, predictionStride: 2 }, 3],
    ['with SIGReg', { agreementBy: 'distance', sigreg: 0.1, sigregProjections: 16 }, 2],
    ['with smaller crops first', { smallFirst: 0.3, contrastImages: 4 }, 2],
    ['with AdamW', { optimiser: 'adamw' }, 2],
    ['of which one is refused', { contrastImages: 8 }, 2, 1],
  ] as const)('has the losses, norms and weights of one core: %s', async (_, change, threads, broken?: number) => {
    const config = parseConfig({ ...settings, ...change });
    const [one, several] = [await train(config, 1, 5, undefined, broken), await train(config, threads, 5, undefined, broken)];
    expect(new Set(several.devices)).toEqual(new Set([ParallelStep.name]));
    expect(new Set(one.devices)).toEqual(new Set([HostStep.name]));
    expect(worstFigure(several.outcomes, one.outcomes)).toBeLessThan(2e-5);
    // Of a weight without gradient AdamW's step is rounding noise, and a key's bias has none.
    const tensors = (run: Run): TrainState => ({
      step: run.state.step,
      tensors: Object.fromEntries(Object.entries(run.state.tensors).filter(([name]) => !/qkv\.bias|moment2/.test(name))),
    });
    expect(worstTensor(tensors(one), tensors(several)).difference).toBeLessThan(2e-3);
  });

  it('is the same in every bit when it is made again, and when it goes on', async () => {
    const config = parseConfig({ ...settings, contrastImages: 4 });
    const [whole, first] = [await train(config, 3, 4), await train(config, 3, 2)];
    const copy = {
      ...first.state,
      tensors: Object.fromEntries(Object.entries(first.state.tensors).map(([name, values]) => [name, values.slice()])),
    };
    const resumed = await train(config, 3, 4, copy);
    expect([...first.outcomes, ...resumed.outcomes]).toEqual(whole.outcomes);
    expect(resumed.state).toEqual(whole.state);
  });

  it('leaves the arrays as they are until they are saved, and brings them home where a part fails', async () => {
    const config = parseConfig({ ...settings, contrastImages: 4 });
    const [state, devices]: [TrainState, ParallelStep[]] = [initialState(config), []];
    const runner = await StepRunner.create(config, steps, { threads: 2 }, state, async (...given) => {
      devices.push((await createStepDevice(...given)) as ParallelStep);
      return devices.at(-1)!;
    });
    const [before] = [structuredClone(state.tensors)];
    const patches = patchesOf(config, 0);
    await runner.run(state, patches);
    expect(devices[0]!.isHome).toBe(false);
    expect(state.tensors).toEqual(before);
    // Feeds of another size: every core refuses its parts.
    await expect(devices[0]!.accumulate([{ patches: new Float32Array(3) }, { patches: new Float32Array(3) }])).rejects.toThrow();
    expect(devices[0]!.isHome).toBe(true);
    expect(state.tensors).not.toEqual(before);
    // It can be asked again.
    expect((await runner.run(state, patches)).refused).toBe(false);
    await runner.dispose();
  });
});
