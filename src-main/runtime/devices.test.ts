import { afterEach, expect, it, vi } from 'vitest';
import { numberCardsByBus } from './devices.ts';

afterEach(() => vi.unstubAllEnvs());

it('numbers of cards are those of nvidia-smi, unless a person has set them otherwise', () => {
  vi.stubEnv('CUDA_DEVICE_ORDER', undefined);
  numberCardsByBus();
  expect(process.env['CUDA_DEVICE_ORDER']).toBe('PCI_BUS_ID');
  vi.stubEnv('CUDA_DEVICE_ORDER', 'FASTEST_FIRST');
  numberCardsByBus();
  expect(process.env['CUDA_DEVICE_ORDER']).toBe('FASTEST_FIRST');
});
