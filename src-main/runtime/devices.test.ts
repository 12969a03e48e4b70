import { afterEach, expect, it, vi } from 'vitest';
import { numberCardsByBus, tellCudaHome } from './devices.ts';

afterEach(() => vi.unstubAllEnvs());

it('numbers of cards are those of nvidia-smi, unless a person has set them otherwise', () => {
  vi.stubEnv('CUDA_DEVICE_ORDER', undefined);
  numberCardsByBus();
  expect(process.env['CUDA_DEVICE_ORDER']).toBe('PCI_BUS_ID');
  vi.stubEnv('CUDA_DEVICE_ORDER', 'FASTEST_FIRST');
  numberCardsByBus();
  expect(process.env['CUDA_DEVICE_ORDER']).toBe('FASTEST_FIRST');
});

it("XLA is told where CUDA's compiler lies, beside what a person has set and not in its place", () => {
  const flagsAfter = (before: string | undefined, home?: string): string | undefined => {
    vi.stubEnv('XLA_FLAGS', before);
    tellCudaHome(home);
    return process.env['XLA_FLAGS'];
  };
  expect(flagsAfter(undefined, '/usr/lib/cuda')).toBe('--xla_gpu_cuda_data_dir=/usr/lib/cuda');
  expect(flagsAfter('--xla_dump_to=/tmp', '/usr/lib/cuda')).toBe('--xla_dump_to=/tmp --xla_gpu_cuda_data_dir=/usr/lib/cuda');
  expect(flagsAfter('', String.raw`C:\Program Files\CUDA`)).toBe(String.raw`--xla_gpu_cuda_data_dir='C:\Program Files\CUDA'`);
  for (const set of ['--xla_gpu_cuda_data_dir=/opt', '/a/file/of/flags']) expect(flagsAfter(set, '/usr/lib/cuda')).toBe(set);
});
