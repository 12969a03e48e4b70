import { describe, expect, it } from 'vitest';
import { sineCosinePositions } from './positions.ts';

const [width, grid] = [8, 5];
const row = (table: Float32Array, place: number): number[] => [...table.subarray(place * width, (place + 1) * width)];

describe('positions of a finer or coarser lattice', () => {
  it('are those of the lattice itself where it is neither', () => {
    const table = sineCosinePositions(width, grid);
    expect(sineCosinePositions(width, grid, 1)).toEqual(table);
    // Place (x 3, y 2): sines and cosines of 3, then of 2, at the frequencies 1 and 0.01.
    const expected = [3, 3, 3, 3, 2, 2, 2, 2].map((at, k) => (k % 4 < 2 ? Math.sin : Math.cos)(at * (k % 2 === 0 ? 1 : 0.01)));
    for (const [k, value] of expected.entries()) expect(row(table, 2 * grid + 3)[k]).toBeCloseTo(value, 6);
  });

  it('have a middle third at each place of the lattice, and lie around it', () => {
    const [coarse, fine] = [sineCosinePositions(width, grid), sineCosinePositions(width, 3 * grid, 1 / 3)];
    for (let y = 0; y < grid; y++) {
      for (let x = 0; x < grid; x++) {
        const middle = row(fine, (3 * y + 1) * 3 * grid + 3 * x + 1);
        for (const [k, value] of row(coarse, y * grid + x).entries()) expect(middle[k]).toBeCloseTo(value, 5);
      }
    }
    // A third of a patch before the first place.
    expect(row(fine, 0)[0]).toBeCloseTo(Math.sin(-1 / 3), 6);
  });

  it('lie in the middle of the places that a coarser one covers', () => {
    const coarse = sineCosinePositions(width, 2, 2);
    // Place (x 1, y 0) covers columns 2 and 3 of rows 0 and 1.
    const expected = [2.5, 2.5, 2.5, 2.5, 0.5, 0.5, 0.5, 0.5].map((at, k) =>
      (k % 4 < 2 ? Math.sin : Math.cos)(at * (k % 2 === 0 ? 1 : 0.01)),
    );
    for (const [k, value] of expected.entries()) expect(row(coarse, 1)[k]).toBeCloseTo(value, 6);
  });
});
