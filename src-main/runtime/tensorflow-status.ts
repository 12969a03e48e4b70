// Whether the TensorFlow at hand uses a graphics card, and if not, what is missing.
import { spawnSync } from 'node:child_process';
import type { GraphicsCard } from '../../shared/devices.ts';
import { cardsOfNvidia, nvidiaQueries } from '../../shared/nvidia-smi.ts';
import { cardObstacles } from '../../shared/tensorflow-requirements.ts';
import { libraryFinderHere } from '../files/library-finder.ts';
import { loadTensorflow } from './tensorflow-binding.ts';
import type { BindingOptions } from './tensorflow-binding.ts';

export interface TensorflowStatus {
  /** Of the library. */
  readonly version: string;
  readonly onCard: boolean;
  /** Why it uses no card, in sentences that say what to do; none where it does. */
  readonly obstacles: readonly string[];
}

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
  // Its compiler is missed only where a card is used.
  const obstacles = cardObstacles(version, { system, has: libraryFinderHere(), hasLibdevice: true, cards: nvidiaCards() });
  // Everything is there and it still has no card.
  const built = `This build of TensorFlow ${version} finds no card that it can use: it may be one without CUDA.`;
  return { version, onCard: false, obstacles: obstacles.length > 0 ? obstacles : [built] };
}
