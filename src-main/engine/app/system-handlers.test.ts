import { expect, it } from 'vitest';
import { testResult } from './system-handlers.ts';

it('a test of the devices says which are not usable, and which came to no result beside another program', () => {
  const of = (state: 'ready' | 'failed' | 'untested' | 'absent', id: 'webgpu' | 'cuda' = 'webgpu') =>
    ({ id, state, reason: 'So it is.' }) as const;
  expect(testResult([of('ready'), of('absent', 'cuda')])).toBe('All devices that are there compute right.');
  expect(testResult([of('failed')])).toBe('Not usable: WebGPU.');
  expect(testResult([of('untested')])).toBe('To be tested again: WebGPU.');
  expect(testResult([of('untested'), of('failed', 'cuda')])).toBe('Not usable: CUDA. To be tested again: WebGPU.');
});
