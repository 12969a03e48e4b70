import { describe, expect, it } from 'vitest';
import { gradients } from '../tensor/gradients.ts';
import { reachable } from '../tensor/graph.ts';
import { evaluate } from '../tensor/reference.ts';
import { blank } from '../tensor/rows.ts';
import { input, sumAll } from '../tensor/structure.ts';
import { mostSeenFirst, patchByPatch, rowByRow, windows } from './windows.ts';

describe('windows over a square', () => {
  it('see rows 2i − 1 to 2i + 1 and columns likewise, blank beyond the border', () => {
    const values = Float64Array.from({ length: 16 }, (_, place) => place + 1);
    const [seen] = evaluate([windows(input('x', [1, 16, 1]), 4, rowByRow(4), rowByRow(2))], { x: values });
    const rows = Array.from({ length: 4 }, (_, i) => Array.from(seen!.subarray(9 * i, 9 * i + 9)));
    expect(rows).toEqual([
      [0, 0, 0, 0, 1, 2, 0, 5, 6],
      [0, 0, 0, 2, 3, 4, 6, 7, 8],
      [0, 5, 6, 0, 9, 10, 0, 13, 14],
      [6, 7, 8, 10, 11, 12, 14, 15, 16],
    ]);
  });

  it('see the same in whichever order places lie', () => {
    const natural = Float64Array.from({ length: 64 }, (_, place) => place + 1);
    const [given, wanted] = [patchByPatch(2, 4), mostSeenFirst(4)];
    const x = input('x', [1, 64, 1]);
    const [expected] = evaluate([windows(x, 8, rowByRow(8), rowByRow(4))], { x: natural });
    const [found] = evaluate([windows(x, 8, given, wanted)], { x: Float64Array.from(given, (place) => natural[place]!) });
    wanted.forEach((place, i) => expect(found!.subarray(9 * i, 9 * i + 9)).toEqual(expected!.subarray(9 * place, 9 * place + 9)));
  });

  it('take back what they saw once, and nothing that is blank, where places lie as mostSeenFirst says', () => {
    const side = 8;
    const copied = (order: Int32Array): number => {
      const x = input('x', [1, side ** 2, 3]);
      const [dx] = gradients([sumAll(windows(x, side, order, rowByRow(side / 2)))], [x]);
      const taken = reachable([dx!]).flatMap(({ op, attributes }) =>
        op.name === 'takeRows' ? Array.from((attributes as { places: Int32Array }).places) : [],
      );
      expect(taken).not.toContain(blank);
      return taken.length;
    };
    let inside = 0;
    for (let row = 0; row < side; row++) for (let column = 0; column < side; column++) inside += seenBy(row, side) * seenBy(column, side);
    expect(copied(mostSeenFirst(side))).toBe(inside);
    expect(copied(rowByRow(side))).toBe(inside + side ** 2);
  });
});

/** In how many windows of its axis a place is: odd ones in two, but for the last. */
const seenBy = (place: number, side: number): number => (place % 2 === 1 && place < side - 1 ? 2 : 1);
