import { expect, it } from 'vitest';
import type { StepDevice } from '../training/passes/step-device.ts';
import { TimedDevice } from './timed-device.ts';

it('counts what passes in the calls of a device, those that fail too, and nothing else', async () => {
  const pause = async (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const device = {
    isHome: true,
    accumulate: async () => pause(40).then(() => ({ smoothL1: 2 })),
    update: async () => pause(40).then(() => Promise.reject(new Error('lost'))),
  } as Partial<StepDevice> as StepDevice;
  const timed = new TimedDevice(device);
  expect(await timed.accumulate([])).toEqual({ smoothL1: 2 });
  await pause(200);
  await expect(timed.update({} as Parameters<StepDevice['update']>[0])).rejects.toThrow('lost');
  expect(timed.isHome).toBe(true);
  expect(timed.seconds).toBeGreaterThan(0.075);
  expect(timed.seconds).toBeLessThan(0.2);
});
