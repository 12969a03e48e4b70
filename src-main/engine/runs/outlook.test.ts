import { expect, it } from 'vitest';
import { defaultConfig } from '../../../shared/config/config.ts';
import type { ExpectedStep } from '../devices/devices.ts';
import type { ExpectedDevice } from '../devices/expected-device.ts';
import { outlookFor } from './outlook.ts';

const of = async (expected: Omit<ExpectedDevice, 'reason'>, seconds?: number): ReturnType<typeof outlookFor> =>
  outlookFor(
    {
      expected: async () => Promise.resolve({ ...expected, reason: 'Because.' }),
      expectedStep: async () =>
        Promise.resolve<ExpectedStep | undefined>(
          seconds === undefined ? undefined : { seconds, timed: true, atMost: false, device: expected.device ?? 'cpu' },
        ),
    },
    defaultConfig,
  );

it('is the processor, a card with its time of a step where that is known, or open', async () => {
  const card = { name: 'A card' };
  expect(await of({ device: 'cpu' }, 3)).toEqual({ on: 'processor' });
  expect(await of({ device: 'webgpu', card }, 0.5)).toEqual({ on: 'card', card: 'A card', secondsPerStep: 0.5 });
  expect(await of({ device: 'webgpu' })).toEqual({ on: 'card', card: 'WebGPU' });
  // The time is the processor's while a card is still to be tried.
  expect(await of({ card }, 3)).toEqual({ on: 'open', card: 'A card' });
  expect(await of({})).toEqual({ on: 'open', card: 'the graphics card' });
  // TensorFlow that has found no card.
  expect(await of({ device: 'tensorflow', onProcessor: true }, 3)).toEqual({ on: 'processor' });
});
