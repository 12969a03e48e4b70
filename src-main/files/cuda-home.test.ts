import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cudaHome } from './cuda-home.ts';

const found = (folders: readonly string[], environment: Record<string, string> = {}, platform = 'linux'): string | undefined =>
  cudaHome({
    platform,
    environment,
    exists: (file) => folders.some((folder) => file === join(folder, 'nvvm', 'libdevice', 'libdevice.10.bc')),
  });

it("CUDA's compiler is where a person says, else where the system or an environment of conda has it", () => {
  const all = ['/usr/local/cuda', '/usr/local/cuda-11.2', '/usr/lib/cuda', '/opt/cuda', '/opt/conda'];
  expect(found(all)).toBe('/usr/local/cuda-11.2');
  expect(found(all, { CUDA_HOME: '/opt/cuda' })).toBe('/opt/cuda');
  expect(found(all, { CUDA_HOME: '/nowhere', CUDA_PATH: '/opt/cuda' })).toBe('/opt/cuda');
  expect(found(['/usr/lib/cuda'], { CUDA_HOME: '' })).toBe('/usr/lib/cuda');
  expect(found(['/opt/conda'], { CONDA_PREFIX: '/opt/conda' })).toBe('/opt/conda');
  const windows = join('D:', 'NVIDIA GPU Computing Toolkit', 'CUDA', 'v11.2');
  expect(found([windows], { ProgramFiles: 'D:' }, 'win32')).toBe(windows);
  expect(found([])).toBeUndefined();
});
