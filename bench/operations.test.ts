import { expect, it } from 'vitest';
import { attention } from '../src-main/tensor/layers.ts';
import { linear, matmul } from '../src-main/tensor/products.ts';
import { input } from '../src-main/tensor/structure.ts';
import { operationsOf } from './operations.ts';

it('counts a multiplication and an addition for each term of a product', () => {
  const x = input('x', [2, 5, 12]);
  expect(operationsOf([linear(x, input('w', [12, 7]), input('b', [7]))])).toBe(2 * 10 * 12 * 7);
  expect(operationsOf([matmul(x, input('y', [2, 5, 3]), true)])).toBe(2 * 2 * 12 * 5 * 3);
  expect(operationsOf([attention(x, 2)])).toBe(2 * (2 * 2 * 2 * 5 * 5 * 2));
});
