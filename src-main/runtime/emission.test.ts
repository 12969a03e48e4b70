import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gradients } from '../tensor/gradients.ts';
import { reachable } from '../tensor/graph.ts';
import type { Tensor } from '../tensor/graph.ts';
import { lowerOnnx } from '../tensor/lower-onnx.ts';
import type { Lowered } from '../tensor/lower-onnx.ts';
import { evaluate } from '../tensor/reference.ts';
import { sumAll } from '../tensor/structure.ts';
import { cases, example, seeds } from '../tensor/testing/cases.ts';
import { OnnxSession } from './onnx-session.ts';

/** The largest difference, over the largest value or 1. */
function difference(actual: Float32Array, expected: Float64Array): number {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  expect(actual.length).toBe(expected.length);
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(actual[i]! - value) / largest), 0);
}

/** An op's example with the gradients of its sum. */
function differentiated(name: string, seed: number): { readonly outputs: Readonly<Record<string, Tensor>>; readonly inputs: Inputs } {
  const { output, inputs } = example(name, seed);
  const leaves = reachable([output]).filter((node) => node.op.name === 'input' && node.attributes['type'] === 'float32');
  const parameters = leaves.map((node) => node.outputs[0] as Tensor);
  const slopes = gradients([sumAll(output)], parameters).map((tensor, i): [string, Tensor] => [`g${i}`, tensor]);
  return { outputs: { output, ...Object.fromEntries(slopes) }, inputs };
}
type Inputs = ReturnType<typeof example>['inputs'];

/** The largest difference of a lowered graph's outputs from the reference. */
async function worst(lowered: Lowered, outputs: Readonly<Record<string, Tensor>>, inputs: Inputs): Promise<number> {
  const expected = evaluate(Object.values(outputs), inputs);
  const session = await OnnxSession.create(lowered, { threads: 1 });
  const results = await session.run(inputs);
  await session.dispose();
  return Math.max(...Object.keys(outputs).map((key, i) => difference(results[key]!, expected[i]!)));
}

describe('what onnxruntime computes from an emission', () => {
  it.each(Object.keys(cases))('%s: value and gradient agree with the float64 reference', async (name) => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const { outputs: all, inputs } = differentiated(name, seed);
        for (const outputs of [{ output: all['output']! }, all]) {
          const ownKernels = lowerOnnx(outputs);
          const portable = lowerOnnx(outputs, { portable: true });
          expect(Buffer.from(portable.bytes).includes('com.microsoft')).toBe(false);
          for (const lowered of Buffer.from(ownKernels.bytes).equals(portable.bytes) ? [ownKernels] : [ownKernels, portable])
            expect(await worst(lowered, outputs, inputs)).toBeLessThan(1e-5);
        }
      }),
      { numRuns: 6 },
    );
  });

  it.each(['matmul', 'linear', 'attention'])('%s: in float16 within a few of its roundings, and not as in float32', async (name) => {
    let most = 0;
    for (const seed of [1, 2, 3]) {
      const { outputs, inputs } = differentiated(name, seed);
      for (const portable of [false, true])
        most = Math.max(most, await worst(lowerOnnx(outputs, { portable, precision: 'float16', onProcessor: true }), outputs, inputs));
    }
    expect(most).toBeLessThan(2 ** -8);
    expect(most).toBeGreaterThan(2 ** -16);
  });
});
