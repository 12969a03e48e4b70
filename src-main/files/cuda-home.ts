// Where CUDA's compiler lies, of which TensorFlow needs one file to compile for a card.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

interface CudaPlaces {
  readonly platform: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly exists: (file: string) => boolean;
}

/** Debian and Ubuntu link it to where XLA looks for it in `/usr/lib/cuda`. */
const linuxFolders = ['/usr/local/cuda-11.2', '/usr/local/cuda', '/usr/lib/cuda', '/usr/lib/nvidia-cuda-toolkit'] as const;

/** The first folder that has libdevice where XLA looks for it below one; undefined where there is none. */
export function cudaHome({ platform, environment, exists }: CudaPlaces): string | undefined {
  const system =
    platform === 'win32'
      ? [join(environment['ProgramFiles'] ?? String.raw`C:\Program Files`, 'NVIDIA GPU Computing Toolkit', 'CUDA', 'v11.2')]
      : linuxFolders;
  const folders = [environment['CUDA_HOME'], environment['CUDA_PATH'], ...system, environment['CONDA_PREFIX']];
  return folders.find((folder) => folder && exists(join(folder, 'nvvm', 'libdevice', 'libdevice.10.bc')));
}

/** The same for this computer. */
export const cudaHomeHere = (): string | undefined =>
  cudaHome({ platform: process.platform, environment: process.env, exists: existsSync });
