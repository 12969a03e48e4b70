// What a device's library says of its failures, as errors that tell the person what to do.
import type { DeviceId } from '../../shared/devices.ts';
import { AppError } from '../../shared/errors.ts';

/** In every language: Windows translates the sentence after 8007000E (no memory) and 800705AF (no room in the paging file), not the number. */
const lackOfMemory =
  /out.?of.?memory|OUT_OF_\w*MEMORY|8007000E|800705AF|(not enough|insufficient) memory|(failed|failure|trying|unable) to alloc|(can ?not|could not|couldn't) alloc|bad.?alloc|MemoryAllocation|ALLOC_FAILED|allocation failed|smaller than requested bytes|\bOOM\b|RESOURCE.EXHAUSTED/i;

/**
 * What is thrown on WebGPU where a buffer was not to be had. That there was no memory for it goes to the standard error alone; thrown is
 * what comes of it: the buffer is none where it is bound or read, is larger than any may be, or needs more bindings than a kernel has.
 */
const noBuffer = /\[Invalid Buffer[^\]]*\] is invalid due to a previous error|exceeds the max buffer size limit|Too many storage buffers/;

/** CUDA's illegal memory access is a card that has died. */
const isLackOfMemory = (message: string): boolean =>
  (lackOfMemory.test(message) || noBuffer.test(message)) && !/illegal memory access/i.test(message);

/**
 * Whether WebGPU, DirectML or Vulkan has lost the card. With WebGPU each result that is read says so then, so that no step passes for one
 * that was made. DirectML says it where it next wants memory: what it was doing then says nothing.
 */
const isLost = (message: string): boolean => /\[Device[^\]]*\] is lost|887A00(05|06|07|20)|DXGI_ERROR_DEVICE_|DEVICE_LOST/i.test(message);

/** `out-of-memory`, or `device-failed` with the library's own words. */
export function deviceError(error: unknown, device: DeviceId): AppError {
  const message = error instanceof Error ? error.message : String(error);
  const onProcessor = device === 'cpu';
  if (!isLost(message) && isLackOfMemory(message)) {
    return new AppError(
      'out-of-memory',
      `${onProcessor ? 'The computer' : 'The device'} ran out of memory: ${message}`,
      // There the step has come to the smallest micro-batch by itself.
      onProcessor
        ? 'Close other programs, or choose a smaller imageSize, batchSize or network.'
        : 'Choose a smaller micro-batch, image size or architecture.',
      error,
    );
  }
  if (onProcessor) {
    return new AppError(
      'device-failed',
      `The processor could not compute it: ${message}`,
      'Try again: the last checkpoint is intact. If it fails again, please report it with the versions in Settings (in a terminal: ijepa-studio doctor).',
      error,
    );
  }
  return new AppError(
    'device-failed',
    isLost(message) ? 'The graphics card was lost: its driver was reset, or it was removed.' : `The device failed: ${message}`,
    'Try again on the processor (device=cpu); the last checkpoint is intact.',
    error,
  );
}
