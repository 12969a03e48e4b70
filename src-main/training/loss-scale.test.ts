import { describe, expect, it } from 'vitest';
import { LossScale } from './loss-scale.ts';

const keep = (scale: LossScale, steps: number): void => {
  for (let step = 0; step < steps; step++) scale.kept();
};

describe('the scale of losses', () => {
  it('is halved by each overflow, down to 1, which is worth no other attempt', () => {
    const scale = new LossScale();
    const seen: number[] = [];
    while (scale.overflowed()) seen.push(scale.value);
    expect(seen).toEqual(Array.from({ length: 16 }, (_, i) => 2 ** (15 - i)));
    expect(scale.value).toBe(1);
  });

  it('is doubled after 2,000 steps without overflow, counted from the last one, and ends at 2^24', () => {
    const scale = new LossScale();
    keep(scale, 1999);
    scale.overflowed();
    keep(scale, 1999);
    expect(scale.value).toBe(2 ** 15);
    keep(scale, 1);
    expect(scale.value).toBe(2 ** 16);
    keep(scale, 20_000);
    expect(scale.value).toBe(2 ** 24);
  });
});
