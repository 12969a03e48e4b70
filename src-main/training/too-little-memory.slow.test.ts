// A device that has too little memory for large micro-batches: what a driver says at allocation, here said by a device of the test.
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config/config.ts';
import { AppError } from '../../shared/errors.ts';
import { createStepDevice } from './passes/create-step-device.ts';
import { HostStep } from './passes/host-step.ts';
import { initialState } from './run-folder/state.ts';
import { StepRunner } from './step-runner.ts';
import { smallPatches, smallSettings } from './testing/small-run.ts';

const tooLarge = (): AppError => new AppError('out-of-memory', 'The device ran out of memory.', 'Choose a smaller micro-batch.');
const config = parseConfig({ ...smallSettings, batchSize: 8, microBatch: 8, threads: 1 });
const options = { threads: 1 };

async function losses(compile: typeof createStepDevice, steps = 3): Promise<{ losses: number[]; microBatch: number }> {
  const runner = await StepRunner.create(config, 10, options, undefined, compile);
  try {
    const state = initialState(config);
    const found: number[] = [];
    for (let step = 0; step < steps; step++) found.push((await runner.run(state, smallPatches(config, step))).loss);
    return { losses: found, microBatch: runner.size.microBatch };
  } finally {
    await runner.dispose();
  }
}

/** Fails where more than `most` images pass at once, from the accumulation of step `from` on. */
const limited =
  (most: number, from: number): typeof createStepDevice =>
  async (size, settings, { threads = 1 }) => {
    if (from < 0 && size.microBatch > most) throw tooLarge();
    const device = await HostStep.create(size, settings, { threads });
    let made = 0;
    const whole = device.accumulate.bind(device);
    device.accumulate = async (parts) => {
      if (parts.some(() => made++ >= from) && size.microBatch > most) throw tooLarge();
      return whole(parts);
    };
    return device;
  };

describe('too little memory for a micro-batch', () => {
  it('is met with the largest smaller one that passes, at compilation or at a step, and the losses are those of the whole', async () => {
    const { losses: expected, microBatch } = await losses(createStepDevice);
    expect(microBatch).toBe(8);
    // The third micro-batch fails: of the third step in one piece, and of none in two, as that step is the last.
    for (const [from, passes] of [
      [-1, 2],
      [0, 2],
      [2, 4],
    ] as const) {
      const found = await losses(limited(2, from));
      expect(found.microBatch).toBe(passes);
      found.losses.forEach((loss, i) => expect(loss / expected[i]!).toBeCloseTo(1, 5));
    }
  });

  it('is an error where not even one image passes', async () => {
    for (const from of [-1, 1]) await expect(losses(limited(0, from))).rejects.toMatchObject({ code: 'out-of-memory' });
  });

  it('is an error where the device may have moved the state already', async () => {
    const lost: typeof createStepDevice = async (...given) => {
      const device = await limited(2, 1)(...given);
      return Object.defineProperty(device, 'isHome', { get: () => false });
    };
    await expect(losses(lost)).rejects.toMatchObject({ code: 'out-of-memory' });
  });
});
