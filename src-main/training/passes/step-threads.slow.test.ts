import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { parseConfig } from '../../../shared/config/config.ts';
import { movedParameters } from '../../jepa/model.ts';
import { stepSize } from '../plan/step-size.ts';
import { arraysOf, stateTensors } from '../run-folder/state.ts';
import { smallSettings } from '../testing/small-run.ts';
import { asked } from './share-questions.ts';
import type { ShareSettings } from './step-share.ts';
import { StepThreads } from './step-threads.ts';

const config = parseConfig({ ...smallSettings, batchSize: 4, agreement: 1, agreementBy: 'contrast', contrastImages: 2 });
const size = stepSize(config);
const parameters = movedParameters(size.model, config);
const settings = (change: Partial<ShareSettings> = {}): ShareSettings => ({
  size,
  config,
  options: { threads: 1 },
  state: arraysOf(stateTensors(size.model), undefined, true),
  index: 1,
  gradients: [0, 1].map(() => arraysOf(parameters, 'gradient', true)),
  parameters,
  ...change,
});

it('add the gradients of all up in the first, and say the sum of their squares', async () => {
  const gradients = [0, 1, 2].map(() => arraysOf(parameters, 'gradient', true));
  const bias = 'gradient.contextEncoder.norm.bias';
  gradients.forEach((one, i) => (one[bias]![1] = 10 ** i));
  const halves = [parameters.slice(0, 5), parameters.slice(5)];
  const threads = await StepThreads.start(halves.map((share) => settings({ gradients, parameters: share })));
  threads.ask('gather', []);
  const squares = (await threads.answers<'gather'>()).reduce((a, b) => a + b);
  await threads.dispose();
  expect(gradients[0]![bias]![1]).toBe(111);
  expect(squares).toBe(111 ** 2);
});

it('say what fails in one of them, and can be asked again', async () => {
  const threads = await StepThreads.start([settings(), settings()]);
  threads.ask('accumulate', [[{ patches: new Float32Array(3) }], [{ patches: new Float32Array(3) }]]);
  await expect(threads.answers()).rejects.toThrow(/size|missing|length/);
  threads.ask('gather', []);
  expect(await threads.answers<'gather'>()).toEqual([0, 0]);
  await threads.dispose();
});

it('say that one was lost, to who waits for it and to who asks later, and are over then', async () => {
  const threads = await StepThreads.start([settings()]);
  const lost = { code: 'device-failed', message: expect.stringMatching(/^A thread of the training step was lost/) };
  // It sleeps, and will not wake to answer.
  const ended = threads.terminate();
  threads.ask('gather', []);
  await expect(threads.answers()).rejects.toMatchObject(lost);
  await ended;
  threads.ask('gather', []);
  await expect(threads.answers()).rejects.toMatchObject(lost);
  await threads.dispose();
});

it('sleep on where the word that wakes them for a question comes after they have answered it: who asks may be halted before it', async () => {
  const threads = await StepThreads.start([settings()]);
  const { notify } = Atomics;
  let late = (): number => 0;
  const spy = vi.spyOn(Atomics, 'notify').mockImplementation(((turns: Int32Array, place: number) => {
    if (place === asked) late = () => notify(turns, place);
    return notify(turns, place);
  }) as typeof Atomics.notify);
  try {
    for (let i = 0; i < 3; i++) {
      threads.ask('gather', []);
      expect(await threads.answers<'gather'>()).toEqual([0]);
      // It sleeps again.
      await pause(30);
      expect(late()).toBe(1);
      await pause(30);
    }
  } finally {
    spy.mockRestore();
    await threads.dispose();
  }
});

it('do not start where a share cannot be compiled', async () => {
  const broken = { ...size, microBatch: 3, predictionStride: 2 };
  await expect(StepThreads.start([settings(), settings({ size: broken })])).rejects.toThrow();
});
