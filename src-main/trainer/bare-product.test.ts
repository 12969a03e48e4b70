import { describe, expect, it } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import type { OnnxSession } from '../runtime/onnx-session.ts';
import { leavesProducts } from './bare-product.ts';

/** As onnxruntime 1.30 says it, in the words of runtime/device-error.ts. */
const refused = new AppError(
  'device-failed',
  'The device failed: This session contains graph nodes that are assigned to the default CPU EP, but fallback to CPU EP has been explicitly disabled by the user.',
  'Try again.',
);

describe('a device that leaves products to the processor', () => {
  it('is one that has no kernel for a product of two inputs', async () => {
    const asked: (readonly unknown[])[] = [];
    const refusing = async (...given: Parameters<typeof OnnxSession.compile>): ReturnType<typeof OnnxSession.compile> => {
      asked.push([given[1]?.device, given[1]?.wholly]);
      return Promise.reject(refused);
    };
    for (const device of ['cuda', 'dml', 'coreml'] as const) expect(await leavesProducts({ device, threads: 1 }, refusing)).toBe(true);
    expect(asked).toEqual([
      ['cuda', true],
      ['dml', true],
      ['coreml', true],
    ]);
    // These have said so themselves, or are it.
    for (const device of ['cpu', 'webgpu', 'tensorflow'] as const)
      expect(await leavesProducts({ device, threads: 1 }, refusing)).toBe(false);
    expect(asked).toHaveLength(3);
  });

  it('is none that has one, and one without memory has not said so', async () => {
    let disposed = 0;
    const session = { dispose: async () => Promise.resolve(void disposed++) } as unknown as OnnxSession;
    expect(await leavesProducts({ device: 'cuda', threads: 1 }, async () => Promise.resolve(session))).toBe(false);
    expect(disposed).toBe(1);
    const full = new AppError('out-of-memory', 'The device ran out of memory.', 'Close something.');
    await expect(leavesProducts({ device: 'cuda', threads: 1 }, async () => Promise.reject(full))).rejects.toBe(full);
  });
});
