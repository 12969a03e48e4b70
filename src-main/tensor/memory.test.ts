import { describe, expect, it } from 'vitest';
import { add, exp, multiply } from './elementwise.ts';
import { gradients } from './gradients.ts';
import { graphMemory } from './memory.ts';
import { matmul } from './products.ts';
import { input, reshape, sumAll } from './structure.ts';

const kilobyte = 4 * 256;
const x = input('x', [256]);

describe('the memory of a graph', () => {
  it('of a chain is two links: what is read and what is made', () => {
    const chain = exp(exp(exp(exp(x))));
    expect(graphMemory([chain])).toEqual({ peak: 2 * kilobyte, largest: kilobyte, nodes: 5 });
  });

  it('counts what is kept for later, once however often it is used, and no reshape', () => {
    const kept = exp(x);
    const y = exp(exp(reshape(kept, [16, 16])));
    expect(graphMemory([add(multiply(reshape(y, [256]), kept), kept)]).peak).toBe(3 * kilobyte);
  });

  it('counts outputs to the end, and neither inputs nor what nothing asks for', () => {
    expect(graphMemory([exp(x), exp(x), exp(x)]).peak).toBe(3 * kilobyte);
    expect(graphMemory([x]).peak).toBe(0);
  });

  it('of a gradient grows with the depth, as activations are kept', () => {
    const peakAt = (depth: number): number => {
      let y = input('y', [64, 64]);
      const weight = input('w', [64, 64]);
      for (let i = 0; i < depth; i++) y = exp(matmul(y, weight));
      return graphMemory(gradients([sumAll(y)], [weight])).peak;
    };
    const perLayer = (peakAt(20) - peakAt(10)) / 10 / (4 * 64 * 64);
    expect(perLayer).toBeGreaterThanOrEqual(1);
    expect(perLayer).toBeLessThan(3);
  });
});
