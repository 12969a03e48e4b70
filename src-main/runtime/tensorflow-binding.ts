// The native half of @tensorflow/tfjs-node-gpu, loaded without its JavaScript: the few functions that run a SavedModel. It needs the
// TensorFlow library beside it and, for a card, CUDA and cuDNN (shared/tensorflow-requirements.ts says which).
import { createRequire } from 'node:module';
import { AppError } from '../../shared/errors.ts';
import { howToInstall } from '../../shared/tensorflow.ts';
import { keepFloat32, numberCardsByBus, tellCudaHome } from './devices.ts';
import { findTensorflow } from './tensorflow-library.ts';

/** As in the package's dist/tfjs_binding.d.ts; tensors and models are numbers that it keeps until they are deleted. */
export interface TensorflowBinding {
  createTensor(shape: readonly number[], type: number, values: Int32Array): number;
  deleteTensor(tensor: number): void;
  tensorDataSync(tensor: number): Float32Array | Int32Array | Uint8Array;
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(model: number): void;
  runSavedModel(model: number, inputs: readonly number[], inputNames: string, outputNames: string): readonly { readonly id: number }[];
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
  readonly TF_INT32: number;
  readonly TF_Version: string;
}

export interface BindingOptions {
  /** Threads of one kernel on the CPU; 0: one per core. */
  readonly threads?: number;
  /** Lets float32 products round their operands to TensorFloat-32 on cards that can. */
  readonly tensorFloat32?: boolean;
}

let loaded: TensorflowBinding | undefined;

/**
 * Loads TensorFlow into this process, once: later options change nothing. Throws `unsupported` where the native part is not installed,
 * `device-failed` where it cannot be loaded.
 */
export function loadTensorflow({ threads = 0, tensorFloat32 = false }: BindingOptions = {}): TensorflowBinding {
  if (loaded) return loaded;
  const { binding } = findTensorflow();
  // Read by the library when it is loaded. By default it takes all of a card's memory at once.
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  if (!tensorFloat32) keepFloat32();
  numberCardsByBus();
  tellCudaHome();
  if (threads > 0) process.env['TF_NUM_INTRAOP_THREADS'] = String(threads);
  try {
    loaded = createRequire(import.meta.url)(binding) as TensorflowBinding;
    return loaded;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new AppError('device-failed', `TensorFlow cannot be loaded from ${binding}: ${message}`, howToInstall, error);
  }
}
