// Whether the TensorFlow at hand uses a graphics card, and if not, what is missing.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { GraphicsCard } from '../../shared/devices.ts';
import { cardsOfNvidia, nvidiaQueries } from '../../shared/nvidia-smi.ts';
import { loadTensorflow } from './tensorflow-binding.ts';
import type { BindingOptions } from './tensorflow-binding.ts';
import { cardObstacles } from './tensorflow-library.ts';

export interface TensorflowStatus {
  /** Of the library. */
  readonly version: string;
  readonly onCard: boolean;
  /** Why it uses no card, in sentences that say what to do; none where it does. */
  readonly obstacles: readonly string[];
}

interface LinkerPlaces {
  readonly platform: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly exists: (file: string) => boolean;
  /** What `ldconfig -p` prints. */
  readonly cache: () => string;
}

const linuxFolders = ['/usr/lib/x86_64-linux-gnu', '/lib/x86_64-linux-gnu', '/usr/lib64', '/lib64', '/usr/lib', '/lib'];

/** Whether the dynamic linker would find a library, by its file name. */
export function libraryFinder({ platform, environment, exists, cache }: LinkerPlaces): (file: string) => boolean {
  const listed = (name: string): readonly string[] => (environment[name] ?? '').split(platform === 'win32' ? ';' : ':').filter(Boolean);
  if (platform === 'win32') {
    const folders = [join(environment['SystemRoot'] ?? 'C:\\Windows', 'System32'), ...listed('PATH'), ...listed('Path')];
    return (file) => folders.some((folder) => exists(join(folder, file)));
  }
  const folders = [...listed('LD_LIBRARY_PATH'), ...linuxFolders];
  let known: string | undefined;
  return (file) =>
    folders.some((folder) => exists(join(folder, file))) ||
    (known ??= cache()).split('\n').some((line) => line.trim().split(' ')[0] === file);
}

/** The same for this computer. */
const finderHere = (): ((file: string) => boolean) =>
  libraryFinder({
    platform: process.platform,
    environment: process.env,
    exists: existsSync,
    // Not on the path of a person without rights.
    cache: () =>
      spawnSync('ldconfig', ['-p'], {
        encoding: 'utf8',
        env: { ...process.env, PATH: ['/sbin', '/usr/sbin', process.env['PATH']].filter(Boolean).join(delimiter) },
      }).stdout ?? '',
  });

/** NVIDIA's cards, by its own program; none where that is not there. */
function nvidiaCards(): readonly GraphicsCard[] {
  for (const query of nvidiaQueries) {
    const { status, stdout } = spawnSync('nvidia-smi', query, { encoding: 'utf8', timeout: 20_000, windowsHide: true });
    if (status === 0) return cardsOfNvidia(stdout);
  }
  return [];
}

/** Loads TensorFlow and asks it. Throws `unsupported` where TensorFlow is not installed, `device-failed` where it cannot be loaded. */
export function tensorflowStatus(options: BindingOptions = {}): TensorflowStatus {
  const binding = loadTensorflow(options);
  const version = binding.TF_Version;
  if (binding.isUsingGpuDevice()) return { version, onCard: true, obstacles: [] };
  const system = `${process.platform}-${process.arch}`;
  const obstacles = cardObstacles(version, { system, has: finderHere(), cards: nvidiaCards() });
  // Everything is there and it still has no card.
  const built = `This build of TensorFlow ${version} finds no card that it can use: it may be one without CUDA.`;
  return { version, onCard: false, obstacles: obstacles.length > 0 ? obstacles : [built] };
}
