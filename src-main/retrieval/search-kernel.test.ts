import { expect, it } from 'vitest';
import { assembled } from '../files/testing/assemble.ts';
import { createSharedMemory, instantiateKernel, searchKernelBase64 } from './search-kernel.ts';

it('is the committed source, assembled', async () => {
  expect(await assembled(new URL('search-kernel.wat', import.meta.url))).toBe(searchKernelBase64);
});

it('multiplies and sums any number of rows of any width', () => {
  const memory = createSharedMemory(1);
  const kernel = instantiateKernel(memory);
  const floats = new Float32Array(memory.buffer);
  for (const width of [4, 12, 16, 20, 36]) {
    const [rows, vectorsAt, scoresAt] = [5, 1024, 8192];
    // Small whole numbers: every sum is exact in float32, in any order.
    for (let i = 0; i < 4 * width; i++) floats[i] = (i % 7) - 3;
    for (let i = 0; i < rows * width; i++) floats[vectorsAt / 4 + i] = (i % 11) - 5;
    const expected = (query: number, row: number): number => {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += floats[query * width + k]! * floats[vectorsAt / 4 + row * width + k]!;
      return sum;
    };
    kernel.dot1(0, vectorsAt, rows, width * 4, scoresAt, 0);
    for (let row = 0; row < rows; row++) expect(floats[scoresAt / 4 + row]).toBe(expected(0, row));
    kernel.dot4(0, vectorsAt, rows, width * 4, scoresAt, 64);
    for (let query = 0; query < 4; query++) {
      for (let row = 0; row < rows; row++) expect(floats[scoresAt / 4 + query * 16 + row]).toBe(expected(query, row));
    }
    const values = floats.subarray(vectorsAt / 4, vectorsAt / 4 + rows * width);
    expect(kernel.sum(vectorsAt, rows * width * 4)).toBe(values.reduce((sum, value) => sum + value, 0));
  }
});
