import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { multiply } from './elementwise.ts';
import { gradients } from './gradients.ts';
import { reachable, sizeOf } from './graph.ts';
import type { Tensor } from './graph.ts';
import { ops } from './ops.ts';
import { evaluate } from './reference.ts';
import { constant, input, sumAll } from './structure.ts';
import { cases, example, seeds } from './testing/cases.ts';

describe('the table of ops', () => {
  it('has one entry and one example per op', () => {
    const names = ops.map((op) => op.name);
    expect(new Set(names).size).toBe(names.length);
    expect(Object.keys(cases).toSorted()).toEqual(names.toSorted());
  });

  it.each(Object.keys(cases))('%s: its gradient agrees with finite differences in float64', (name) => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { output, inputs } = example(name, seed);
        const random = new Random(seed, 'projection');
        const weights = constant(
          Float32Array.from({ length: sizeOf(output.shape) }, () => random.between(-1, 1)),
          output.shape,
        );
        const loss = sumAll(multiply(output, weights));
        const leaves = reachable([output]).filter((node) => node.op.name === 'input' && node.attributes['type'] === 'float32');
        const parameters = leaves.map((node) => node.outputs[0] as Tensor);
        const computed = evaluate(gradients([loss], parameters), inputs);
        const step = 1e-5;
        leaves.forEach((leaf, which) => {
          const key = String(leaf.attributes['name']);
          const values = Float64Array.from(inputs[key]!);
          for (let i = 0; i < Math.min(values.length, 6); i++) {
            const at = random.integer(values.length);
            const [above, below] = [step, -step].map((change) => {
              const moved = values.slice();
              moved[at]! += change;
              return evaluate([loss], { ...inputs, [key]: moved })[0]![0]!;
            });
            const slope = (above! - below!) / (2 * step);
            // Kinks (minimum, clip, abs) are met with probability near zero; a looser bound would hide a wrong factor.
            expect(computed[which]![at]).toBeCloseTo(slope, 4);
          }
        });
      }),
      { numRuns: 15 },
    );
  });

  it('rejects what does not fit', () => {
    const x = input('x', [2, 3]);
    expect(() => gradients([x], [x])).toThrow('no scalar');
    expect(() => evaluate([x], {})).toThrow("no value was given for 'x'");
    expect(() => evaluate([x], { x: [1] })).toThrow('has 1 values');
  });
});
