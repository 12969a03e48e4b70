import { describe, expect, it } from 'vitest';
import { add, multiply } from '../tensor/elementwise.ts';
import { gradients } from '../tensor/gradients.ts';
import { attention, gelu, layerNorm } from '../tensor/layers.ts';
import { lowerOnnx } from '../tensor/lower-onnx.ts';
import type { Lowered, LowerOptions } from '../tensor/lower-onnx.ts';
import { linear, matmul } from '../tensor/products.ts';
import { evaluate } from '../tensor/reference.ts';
import { input, reshape, sumAll } from '../tensor/structure.ts';
import { OnnxSession } from './onnx-session.ts';

const contains = ({ bytes }: Lowered, text: string): boolean => Buffer.from(bytes).includes(text);
const wave = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i + 1));

async function run(lowered: Lowered, feeds: Record<string, Float32Array>, batch?: number): Promise<Record<string, Float32Array>> {
  const session = await OnnxSession.create(lowered, { threads: 1 });
  const results = await session.run(feeds, {}, batch);
  await session.dispose();
  return results;
}

describe('a lowered graph', () => {
  it('reads and writes state under one name, into the arrays it was given', async () => {
    const state = input('state', [3]);
    const session = await OnnxSession.create(lowerOnnx({ state: add(state, input('by', [3])), twice: multiply(state, 2) }), { threads: 1 });
    const values = { state: Float32Array.of(1, 2, 3) };
    for (let i = 0; i < 2; i++) await session.run({ ...values, by: Float32Array.of(10, 20, 30) }, values);
    expect([...values.state]).toEqual([21, 42, 63]);
    const { twice } = await session.run({ ...values, by: new Float32Array(3) });
    expect([...twice!]).toEqual([42, 84, 126]);
    await session.dispose();
  });

  it('gives one value under two names, and an input back as an output', async () => {
    const x = input('x', [2]);
    const y = multiply(x, 3);
    const results = await run(lowerOnnx({ a: y, b: y, c: x }), { x: Float32Array.of(1, 2) });
    expect(Object.fromEntries(Object.entries(results).map(([name, values]) => [name, [...values]]))).toEqual({
      a: [3, 6],
      b: [3, 6],
      c: [1, 2],
    });
  });

  it('takes any batch where its leading size is free', async () => {
    const x = input('x', [7, 4, 6]);
    const y = reshape(linear(x, input('w', [6, 5]), input('b', [5])), [7, 20]);
    const lowered = lowerOnnx({ y }, { dynamicBatch: { traced: 7, name: 'batch' }, weights: { w: wave(30), b: wave(5) } });
    expect(lowered.inputs.map(({ name }) => name)).toEqual(['x']);
    const whole = await run(lowered, { x: wave(3 * 24) }, 3);
    const alone = await run(lowered, { x: wave(24) }, 1);
    expect(whole['y']!.length).toBe(60);
    expect([...whole['y']!.subarray(0, 20)]).toEqual([...alone['y']!]);
  });

  it.each([false, true])(
    'turns the left operand of a wide product before it on a processor, the right one turned: %s',
    async (transposeB) => {
      const product = (columns: number, options: LowerOptions = { onProcessor: true }): Lowered => {
        const [a, b] = [input('a', [5, 3]), input('b', transposeB ? [columns, 5] : [5, columns])];
        // What a gradient is: added to a running one.
        return lowerOnnx({ y: add(matmul(a, b, true, transposeB, 0.5), input('running', [3, columns])) }, options);
      };
      expect(contains(product(150), 'Transpose')).toBe(true);
      expect(contains(product(100), 'Transpose')).toBe(false);
      expect(contains(product(150, {}), 'Transpose')).toBe(false);
      const [a, b, running] = [wave(15), wave(750), wave(450)];
      const { y } = await run(product(150), { a, b, running });
      for (let i = 0; i < 3; i++)
        for (let j = 0; j < 150; j++) {
          let sum = running[i * 150 + j]!;
          for (let k = 0; k < 5; k++) sum += 0.5 * a[k * 3 + i]! * b[transposeB ? j * 5 + k : k * 150 + j]!;
          expect(y![i * 150 + j]).toBeCloseTo(sum, 5);
        }
    },
  );

  it('uses the attention kernel where nothing asks for its probabilities, and the same values come out where something does', async () => {
    const qkv = input('qkv', [2, 5, 24]);
    const y = attention(qkv, 2);
    const forward = lowerOnnx({ y });
    const trained = lowerOnnx({ y, dx: gradients([sumAll(multiply(y, y))], [qkv])[0]! });
    expect(contains(forward, 'MultiHeadAttention')).toBe(true);
    expect(contains(trained, 'MultiHeadAttention')).toBe(false);
    const feeds = { qkv: wave(240) };
    const [a, b] = [await run(forward, feeds), await run(trained, feeds)];
    a['y']!.forEach((value, i) => expect(value).toBeCloseTo(b['y']![i]!, 5));
  });

  it('is plain ONNX when it is to be portable, and computes the same', async () => {
    const x = input('x', [2, 5, 24]);
    const y = gelu(layerNorm(attention(x, 2), input('scale', [8]), input('shift', [8])));
    const feeds = { x: wave(240), scale: wave(8), shift: wave(8) };
    const portable = lowerOnnx({ y }, { portable: true, documentation: 'what it is', metadata: { key: 'its value' } });
    expect(contains(portable, 'com.microsoft')).toBe(false);
    for (const text of ['what it is', 'key', 'its value']) expect(contains(portable, text)).toBe(true);
    const [expected] = evaluate([y], feeds);
    const { y: actual } = await run(portable, feeds);
    actual!.forEach((value, i) => expect(value).toBeCloseTo(expected![i]!, 4));
  });

  it('refuses an input with two shapes, and a run without one of its inputs', async () => {
    expect(() => lowerOnnx({ a: input('x', [2]), b: input('x', [3]) })).toThrow("input 'x' has two shapes");
    const session = await OnnxSession.create(lowerOnnx({ y: multiply(input('x', [2]), 2) }), { threads: 1 });
    await expect(session.run({})).rejects.toThrow("input 'x' is missing");
    await session.dispose();
  });

  it('reports what the device says in the words of an error with a hint', async () => {
    const lowered = lowerOnnx({ y: multiply(input('x', [2]), 2) });
    await expect(OnnxSession.create({ ...lowered, bytes: lowered.bytes.subarray(0, 20) })).rejects.toMatchObject({
      code: 'device-failed',
      hint: expect.stringContaining('checkpoint') as string,
    });
  });
});
