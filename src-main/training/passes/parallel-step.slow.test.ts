// A step on several cores against the same step on one.
import { describe, expect, it } from 'vitest';
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { parseConfig } from '../../../shared/config/config.ts';
import { AppError } from '../../../shared/errors.ts';
import { Random } from '../../../shared/random.ts';
import { patchValues, tokenCount } from '../../jepa/model.ts';
import type { Parts } from '../plan/parallel-parts.ts';
import { phasesOf } from '../plan/phases.ts';
import { stepSize } from '../plan/step-size.ts';
import { initialState } from '../run-folder/state.ts';
import type { TrainState } from '../run-folder/state.ts';
import { StepRunner } from '../step-runner.ts';
import type { StepOutcome } from '../step-runner.ts';
import { worstFigure, worstTensor } from '../testing/compare-runs.ts';
import { createStepDevice } from './create-step-device.ts';
import { HostStep } from './host-step.ts';
import { ParallelStep } from './parallel-step.ts';
import type { StepDevice } from './step-device.ts';

const settings = {
  architecture: 'custom',
  width: 24,
  depth: 1,
  heads: 2,
  imageSize: 16,
  patchSize: 4,
  predictorWidth: 12,
  predictorDepth: 1,
  predictorHeads: 2,
  batchSize: 16,
  agreement: 1,
  agreementBy: 'contrast',
  predictionStride: 4,
  maskedCrops: 'predicted',
  projectorWidth: 8,
  optimiser: 'muon',
  learningRate: 1e-3,
} as const;

interface Run {
  readonly outcomes: readonly StepOutcome[];
  readonly state: TrainState;
}

const steps = 10;
type Compile = typeof createStepDevice;

/** Patches of a step, in memory that is shared and in memory that is not. */
function patchesOf(config: TrainConfig, step: number): Float32Array {
  const { size } = phasesOf(config, steps).find(({ until }) => step < until)!;
  const count = size.batch * tokenCount(size.model) * patchValues(size.model);
  const random = new Random(9, 'test', step);
  const patches = step % 2 === 0 ? new Float32Array(new SharedArrayBuffer(4 * count)) : new Float32Array(count);
  for (let i = 0; i < count; i++) patches[i] = random.normal();
  return patches;
}

const sequential: Compile = async (size, config) => HostStep.create(size, config, { threads: 1 });
const inParts =
  (parts: Parts): Compile =>
  async (size, config) =>
    ParallelStep.create(size, config, {}, parts);

async function train(config: TrainConfig, compile: Compile, until: number, state = initialState(config), broken?: number): Promise<Run> {
  const outcomes: StepOutcome[] = [];
  const runner = await StepRunner.create(config, steps, { threads: 1 }, state, compile);
  try {
    while (state.step < until) {
      const patches = patchesOf(config, state.step);
      if (state.step === broken) patches[5] = Number.NaN;
      outcomes.push(await runner.run(state, patches));
    }
    await runner.save();
    return { outcomes, state };
  } finally {
    await runner.dispose();
  }
}

describe('a step on several cores', () => {
  const halves: Parts = { shares: 2, threads: 1, microBatch: 16 };
  const uneven: Parts = { shares: 3, threads: 1, microBatch: 4 };
  it.each([
    ['that tells crops of the whole batch apart', {}, halves],
    ['the same with different numbers of parts', {}, uneven],
    ['that tells those of four images apart', { contrastImages: 4 }, halves],
    ['that tells those of two images apart, with different numbers of parts', { contrastImages: 2 }, uneven],
    ['with SIGReg', { agreementBy: 'distance', sigreg: 0.1, sigregProjections: 16 }, halves],
    ['with SIGReg beside crops told apart in groups', { sigreg: 0.1, sigregProjections: 16, contrastImages: 4 }, halves],
    ['with agreement by distance alone', { agreementBy: 'distance' }, uneven],
    ['by convolutions, with smaller crops first', { stem: 'convolutions', smallFirst: 0.3, contrastImages: 4 }, halves],
    ['with AdamW', { optimiser: 'adamw' }, { ...halves, threads: 2 }],
    ['of which one is refused', { contrastImages: 8 }, halves, 1],
  ] as const)('has the losses, norms and weights of one core: %s', async (_, change, parts, broken?: number) => {
    const config = parseConfig({ ...settings, ...change });
    const one = await train(config, sequential, 4, undefined, broken);
    const several = await train(config, inParts(parts), 4, undefined, broken);
    expect(worstFigure(several.outcomes, one.outcomes)).toBeLessThan(2e-5);
    // Of a weight without gradient AdamW's step is rounding noise, and a key's bias has none.
    const tensors = (run: Run): TrainState => ({
      step: run.state.step,
      tensors: Object.fromEntries(Object.entries(run.state.tensors).filter(([name]) => !/qkv\.bias|moment2/.test(name))),
    });
    expect(worstTensor(tensors(one), tensors(several)).difference).toBeLessThan(2e-3);
  });

  it('is the same in every bit when it is made again, and when it goes on', async () => {
    // Over the border of its two phases.
    const config = parseConfig({ ...settings, contrastImages: 4, smallFirst: 0.3 });
    const three = inParts(uneven);
    const [whole, first] = [await train(config, three, 4), await train(config, three, 2)];
    const copy = {
      ...first.state,
      tensors: Object.fromEntries(Object.entries(first.state.tensors).map(([name, values]) => [name, values.slice()])),
    };
    const resumed = await train(config, three, 4, copy);
    expect([...first.outcomes, ...resumed.outcomes]).toEqual(whole.outcomes);
    expect(resumed.state).toEqual(whole.state);
  });

  it('goes on with less at once where memory is short, from the state that it has', async () => {
    const config = parseConfig({ ...settings, contrastImages: 4 });
    const expected = await train(config, sequential, 4);
    const devices: StepDevice[] = [];
    const found = await train(
      config,
      async (size, settled, options) => {
        if (devices.length > 0) {
          devices.push(await sequential(size, settled, options));
          return devices.at(-1)!;
        }
        const device = await ParallelStep.create(size, settled, {}, halves);
        devices.push(device);
        let calls = 0;
        const whole = device.accumulate.bind(device);
        // A thread that finds no memory answers with an error, as one whose parts have too few patches does.
        device.accumulate = async (parts) =>
          whole(calls++ < 2 ? parts : parts.map((feeds) => ({ ...feeds, patches: new Float32Array(1) }))).catch(() => {
            throw new AppError('out-of-memory', 'The device ran out of memory.', 'Choose a smaller micro-batch.');
          });
        return device;
      },
      4,
    );
    expect(devices.map(({ microBatch }) => microBatch)).toEqual([16, 16]);
    expect(devices[1]).toBeInstanceOf(HostStep);
    expect(worstFigure(found.outcomes, expected.outcomes)).toBeLessThan(2e-5);
  });

  it('is taken for small networks with several threads, and not on one', async () => {
    const config = parseConfig({ ...settings, contrastImages: 4 });
    for (const [threads, kind] of [
      [1, HostStep],
      [2, ParallelStep],
    ] as const) {
      const device = await createStepDevice(stepSize(config), config, { threads });
      expect(device).toBeInstanceOf(kind);
      await device.dispose();
    }
  });

  it('leaves the arrays as they are until they are saved, and brings them home where a part fails', async () => {
    const config = parseConfig({ ...settings, contrastImages: 4 });
    const [state, devices]: [TrainState, StepDevice[]] = [initialState(config), []];
    const runner = await StepRunner.create(config, steps, { threads: 1 }, state, async (...given) => {
      devices.push(await inParts(halves)(...given));
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
