import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { gradients } from '../tensor/gradients.ts';
import { reachable } from '../tensor/graph.ts';
import type { Tensor, TensorflowPrecision } from '../tensor/graph.ts';
import { lowerTensorflow } from '../tensor/lower-tensorflow.ts';
import { evaluate } from '../tensor/reference.ts';
import { sumAll } from '../tensor/structure.ts';
import { cases, example, seeds } from '../tensor/testing/cases.ts';
import { TensorflowSession } from './tensorflow-session.ts';
import { compileQuickly, noTensorflow, whySkipped } from './testing/tensorflow-here.ts';

/** The largest difference, over the largest value or 1. */
function difference(actual: Float32Array, expected: Float64Array): number {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  expect(actual.length).toBe(expected.length);
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(actual[i]! - value) / largest), 0);
}

interface Compared {
  readonly key: string;
  readonly difference: number;
}

/** Value and gradients of an op's example, compiled and by single kernels, against the reference. */
async function compare(name: string, seed: number, precision: TensorflowPrecision): Promise<readonly Compared[]> {
  const { output, inputs } = example(name, seed);
  const leaves = reachable([output]).filter((node) => node.op.name === 'input' && node.attributes['type'] === 'float32');
  const parameters = leaves.map((node) => node.outputs[0] as Tensor);
  const outputs = { output, ...Object.fromEntries(gradients([sumAll(output)], parameters).map((tensor, i) => [`g${i}`, tensor])) };
  const expected = evaluate(Object.values(outputs), inputs);
  const session = await TensorflowSession.create(
    lowerTensorflow({ compiled: { outputs, precision }, interpreted: { outputs, precision, compiled: false } }),
    { threads: 1 },
  );
  const compared: Compared[] = [];
  for (const way of ['compiled', 'interpreted']) {
    const results = await session.call(way, inputs);
    Object.keys(outputs).forEach((key, i) => compared.push({ key: `${way} ${key}`, difference: difference(results[key]!, expected[i]!) }));
  }
  await session.dispose();
  return compared;
}

describe.skipIf(noTensorflow !== undefined)(`what TensorFlow computes from an emission${whySkipped}`, () => {
  beforeAll(compileQuickly);

  it.each(Object.keys(cases))('%s: value and gradient agree with the float64 reference', async (name) => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        for (const { key, difference: found } of await compare(name, seed, 'float32')) expect(found, key).toBeLessThan(1e-5);
      }),
      { numRuns: 3 },
    );
  });

  it.each(['matmul', 'linear', 'attention'])('%s: in bfloat16 within a few of its roundings, and not as in float32', async (name) => {
    let worst = 0;
    for (const seed of [1, 2, 3]) for (const one of await compare(name, seed, 'bfloat16')) worst = Math.max(worst, one.difference);
    expect(worst).toBeLessThan(2 ** -5);
    expect(worst).toBeGreaterThan(2 ** -14);
  });
});
