// What is known of a device without asking it.
import type { OnnxDevice } from '../../shared/devices.ts';
import { cudaHomeHere } from '../files/cuda-home.ts';
import { untiled } from '../tensor/tiles.ts';

/** Devices whose memory can hold what a step leaves for the next one; to the others arrays cross at each call. */
export const keepsState = (device: OnnxDevice): boolean => device === 'webgpu';

/** The graph that `build` makes, for a device: a tile is sized for a core's cache, and on a card it is only another call. */
export const graphFor = <T>(device: OnnxDevice, build: () => T): T => (device === 'cpu' ? build() : untiled(build));

/**
 * Has NVIDIA's libraries compute float32 products in float32: from Ampere on they round the operands to TensorFloat-32 (10 bits) where they
 * are let, which no self-test in float32 passes. To be called before they are loaded; what a person has set stays.
 */
export function keepFloat32(): void {
  process.env['NVIDIA_TF32_OVERRIDE'] ??= '0';
}

const homeFlag = '--xla_gpu_cuda_data_dir';

/**
 * Tells XLA where the compiler of CUDA lies: it would look in one place, and fail for want of its libdevice when it compiles the first step.
 * To be called before TensorFlow is loaded; what a person has set stays.
 */
export function tellCudaHome(home = cudaHomeHere()): void {
  const flags = process.env['XLA_FLAGS']?.trim() ?? '';
  // What begins otherwise is the name of a file with flags.
  if (home === undefined || flags.includes(homeFlag) || (flags !== '' && !flags.startsWith('-'))) return;
  const told = `${homeFlag}=${/\s/.test(home) ? `'${home}'` : home}`;
  process.env['XLA_FLAGS'] = flags === '' ? told : `${flags} ${told}`;
}

/**
 * Has CUDA number several cards as nvidia-smi does, and not by what it takes for their speed: the numbers that a person gives in
 * CUDA_VISIBLE_DEVICES are those that they see there. To be called before its libraries are loaded; what a person has set stays.
 */
export function numberCardsByBus(): void {
  process.env['CUDA_DEVICE_ORDER'] ??= 'PCI_BUS_ID';
}
