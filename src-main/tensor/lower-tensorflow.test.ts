import { describe, expect, it } from 'vitest';
import { add, multiply } from './elementwise.ts';
import { lowerTensorflow } from './lower-tensorflow.ts';
import { matmul } from './products.ts';
import { input, sumAll } from './structure.ts';

const contains = (bytes: Uint8Array, text: string): boolean => Buffer.from(bytes).includes(text);

describe('functions of a SavedModel', () => {
  const weight = input('weight', [2, 2]);
  const x = input('x', [2, 2]);

  it('take what is no state, and return what is no state', () => {
    const { functions } = lowerTensorflow(
      { step: { outputs: { weight: add(weight, x), loss: sumAll(weight) } }, load: { outputs: { weight: x } } },
      { weight: [2, 2] },
    );
    const given = { name: 'x', type: 'float32', shape: [2, 2] };
    expect(functions).toEqual({
      step: { inputs: [given], outputs: [{ name: 'loss', type: 'float32', shape: [] }] },
      load: { inputs: [given], outputs: [] },
    });
  });

  it('share one variable per name of the state, and are compiled unless they are not to be', () => {
    const source = { outputs: { y: multiply(weight, 2) } };
    const count = (bytes: Uint8Array, text: string): number => Buffer.from(bytes).toString('latin1').split(text).length - 1;
    const compiled = lowerTensorflow({ a: source, b: source }, { weight: [2, 2] }).bytes;
    expect(count(compiled, 'VarHandleOp')).toBe(1);
    expect(count(compiled, '_XlaMustCompile')).toBe(4);
    expect(count(lowerTensorflow({ a: { ...source, compiled: false } }, { weight: [2, 2] }).bytes, '_XlaMustCompile')).toBe(0);
  });

  it('round operands of products alone, and only where they are told to', () => {
    const one = { outputs: { y: add(matmul(weight, x), x) } };
    const names = (bytes: Uint8Array): boolean[] => ['Cast', 'AddV2'].map((kernel) => contains(bytes, kernel));
    expect(names(lowerTensorflow({ one }).bytes)).toEqual([false, true]);
    expect(names(lowerTensorflow({ one: { ...one, precision: 'bfloat16' } }).bytes)).toEqual([true, true]);
    // A single column is a sum.
    const column = { outputs: { y: matmul(x, input('c', [2, 1])) }, precision: 'bfloat16' as const };
    expect(contains(lowerTensorflow({ column }).bytes, 'Cast')).toBe(false);
  });

  it('refuse an input with two shapes, or another than the state’s', () => {
    expect(() => lowerTensorflow({ f: { outputs: { a: input('x', [2]), b: input('x', [3]) } } })).toThrow("input 'x' has two shapes");
    expect(() => lowerTensorflow({ f: { outputs: { y: multiply(weight, 2) } } }, { weight: [4] })).toThrow("'weight' is [2, 2], not [4]");
    expect(() => lowerTensorflow({ f: { outputs: { weight: sumAll(x) } } }, { weight: [2, 2] })).toThrow("'weight' is [], not [2, 2]");
  });
});
