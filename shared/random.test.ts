import { describe, expect, it } from 'vitest';
import { philox, Random } from './random.ts';

describe('philox', () => {
  // Known answers published with Random123 (kat_vectors, philox4x32 10 rounds).
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ] as const)('%j with key %j', (counter, key, expected) => {
    expect(philox(counter, key)).toEqual(expected);
  });
});

describe('random numbers', () => {
  it('are a pure function of seed, stream, step and index', () => {
    const draw = (...key: ConstructorParameters<typeof Random>) => new Random(...key).word();
    expect(draw(1, 'mask', 2, 3)).toBe(draw(1, 'mask', 2, 3));
    const all = [
      draw(1, 'mask', 2, 3),
      draw(2, 'mask', 2, 3),
      draw(1, 'crop', 2, 3),
      draw(1, 'mask', 3, 3),
      draw(1, 'mask', 2, 4),
      draw(2 ** 33 + 1, 'mask', 2, 3),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it('have the moments of their distributions', () => {
    const random = new Random(4, 'test');
    const values = Array.from({ length: 20_000 }, () => random.normal());
    const mean = values.reduce((a, b) => a + b) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(values.reduce((a, b) => a + b * b, 0) / values.length).toBeCloseTo(1, 1);
    const uniform = Array.from({ length: 20_000 }, () => random.between(2, 4));
    expect(uniform.reduce((a, b) => a + b) / uniform.length).toBeCloseTo(3, 1);
    expect(uniform.every((value) => value >= 2 && value < 4)).toBe(true);
    expect(Math.max(...Array.from({ length: 20_000 }, () => Math.abs(random.truncatedNormal(1.5))))).toBeLessThanOrEqual(2);
  });

  it('shuffle without loss and without favour', () => {
    const counts = Array.from<number>({ length: 5 }).fill(0);
    for (let i = 0; i < 5000; i++) {
      const order = new Random(i, 'shuffle').permutation(5);
      expect([...order].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
      counts[order[0]!]! += 1;
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });
});
