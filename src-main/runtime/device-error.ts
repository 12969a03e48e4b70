// What a device's library says of its failures, as errors that tell the person what to do.
import { AppError } from '../../shared/errors.ts';

/** `out-of-memory` or `device-failed` with the library's own words. */
export function deviceError(error: unknown): AppError {
  const message = error instanceof Error ? error.message : String(error);
  // CUDA's illegal memory access is a card that has died.
  if (/alloc|memory|\bOOM\b|RESOURCE_EXHAUSTED/i.test(message) && !/illegal memory access/i.test(message)) {
    return new AppError(
      'out-of-memory',
      `The device ran out of memory: ${message}`,
      'Choose a smaller micro-batch, image size or architecture.',
      error,
    );
  }
  return new AppError(
    'device-failed',
    `The device failed: ${message}`,
    'Try again on the CPU (--device cpu); the last checkpoint is intact.',
    error,
  );
}
