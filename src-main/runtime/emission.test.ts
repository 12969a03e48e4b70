import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gradients } from '../tensor/gradients.ts';
import { reachable } from '../tensor/graph.ts';
import type { Tensor } from '../tensor/graph.ts';
import { lowerOnnx } from '../tensor/lower-onnx.ts';
import { evaluate } from '../tensor/reference.ts';
import { sumAll } from '../tensor/structure.ts';
import { cases, example, seeds } from '../tensor/testing/cases.ts';
import { OnnxSession } from './onnx-session.ts';

function close(actual: Float32Array, expected: Float64Array): void {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => expect(Math.abs(actual[i]! - value) / largest).toBeLessThan(1e-5));
}

describe('what onnxruntime computes from an emission', () => {
  it.each(Object.keys(cases))('%s: value and gradient agree with the float64 reference', async (name) => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const { output, inputs } = example(name, seed);
        const leaves = reachable([output]).filter((node) => node.op.name === 'input' && node.attributes['type'] === 'float32');
        const parameters = leaves.map((node) => node.outputs[0] as Tensor);
        const all = {
          output,
          ...Object.fromEntries(gradients([sumAll(output)], parameters).map((tensor, i) => [`g${i}`, tensor])),
        };
        for (const outputs of [{ output }, all]) {
          const expected = evaluate(Object.values(outputs), inputs);
          const ownKernels = lowerOnnx(outputs);
          const portable = lowerOnnx(outputs, { portable: true });
          expect(Buffer.from(portable.bytes).includes('com.microsoft')).toBe(false);
          for (const lowered of Buffer.from(ownKernels.bytes).equals(portable.bytes) ? [ownKernels] : [ownKernels, portable]) {
            const session = await OnnxSession.create(lowered, { threads: 1 });
            const results = await session.run(inputs);
            await session.dispose();
            Object.keys(outputs).forEach((key, i) => close(results[key]!, expected[i]!));
          }
        }
      }),
      { numRuns: 6 },
    );
  });
});
