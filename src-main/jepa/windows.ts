// Windows of 3×3 with stride 2 over a square of places, as rows to be taken. The places may lie in any order that is known when the graph is
// built, so that nothing is turned only to be read row by row.
import type { Tensor } from '../tensor/graph.ts';
import { blank, mostTakenFirst, ranks, takeRows } from '../tensor/rows.ts';
import { reshape } from '../tensor/structure.ts';

/** Side of a window. */
export const kernelSide = 3;

const windowSize = kernelSide ** 2;

/** Of each side once: a graph has the same windows in all its encoders, and a plan traces it several times. Nobody writes to them. */
function remembered(make: (side: number) => Int32Array): (side: number) => Int32Array {
  const known = new Map<number, Int32Array>();
  return (side) => {
    const made = known.get(side) ?? make(side);
    known.set(side, made);
    return made;
  };
}

/** What the windows over `side` × `side` see, one after the other: rows 2i − 1 to 2i + 1, columns likewise, blank beyond the border. */
const windowPlaces = remembered((side) => {
  const half = side / 2;
  return Int32Array.from({ length: half ** 2 * windowSize }, (_, at) => {
    const [window, within] = [Math.floor(at / windowSize), at % windowSize];
    const row = 2 * Math.floor(window / half) - 1 + Math.floor(within / kernelSide);
    const column = 2 * (window % half) - 1 + (within % kernelSide);
    return row < 0 || column < 0 ? blank : row * side + column;
  });
});

/** Places of a square row by row. */
export const rowByRow = (side: number): Int32Array => Int32Array.from({ length: side ** 2 }, (_, place) => place);

/** Places of a square of `grid` × `grid` patches of p × p, one patch after the other. */
export function patchByPatch(grid: number, p: number): Int32Array {
  return Int32Array.from({ length: (grid * p) ** 2 }, (_, at) => {
    const [patch, within] = [Math.floor(at / p ** 2), at % p ** 2];
    const row = p * Math.floor(patch / grid) + Math.floor(within / p);
    return row * grid * p + p * (patch % grid) + (within % p);
  });
}

/** Places of a square of `side` × `side` in the order in which the gradient of the windows over it comes out (rows.ts). */
export const mostSeenFirst = remembered((side) => mostTakenFirst(side ** 2, windowPlaces(side)));

/**
 * [B, S·S, C] → [B, S/2·S/2, 9·C], the inputs of each place as (row, column, channel). The places of x and of the result lie in the
 * orders `given` and `wanted`.
 */
export function windows(x: Tensor, side: number, given: Int32Array, wanted: Int32Array): Tensor {
  const [batch, , channels] = x.shape as [number, number, number];
  const [ranked, natural] = [ranks(given), windowPlaces(side)];
  const places = Int32Array.from({ length: wanted.length * windowSize }, (_, at) => {
    const seen = natural[wanted[Math.floor(at / windowSize)]! * windowSize + (at % windowSize)]!;
    return seen === blank ? blank : ranked[seen]!;
  });
  return reshape(takeRows(x, places), [batch, wanted.length, windowSize * channels]);
}
