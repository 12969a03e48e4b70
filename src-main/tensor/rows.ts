// Rows of a sequence at places that are known when the graph is built: windows of a picture, in one copy.
import { add } from './elementwise.ts';
import { apply, reject } from './graph.ts';
import type { Op, Tensor } from './graph.ts';
import { concatenate } from './structure.ts';

/** Where nothing is taken: a row of zeros. */
export const blank = -1;

/** For each of `rows` rows the places it was taken to. */
function placesOf(rows: number, places: Int32Array): readonly (readonly number[])[] {
  const lists = Array.from({ length: rows }, (): number[] => []);
  places.forEach((row, place) => {
    if (row !== blank) lists[row]!.push(place);
  });
  return lists;
}

/**
 * The rows in the order of how often they are taken to `places`, most often first. Where they lie in this order already, the gradient is
 * found without turning them.
 */
export const mostTakenFirst = (rows: number, places: Int32Array): Int32Array => inOrder(placesOf(rows, places));

function inOrder(taken: readonly (readonly number[])[]): Int32Array {
  return Int32Array.from(taken.keys()).toSorted((a, b) => taken[b]!.length - taken[a]!.length || a - b);
}

/** Where each of a list of places stands in it: of order[i] it is i. */
export function ranks(order: Int32Array): Int32Array {
  const rank = new Int32Array(order.length);
  order.forEach((place, i) => (rank[place] = i));
  return rank;
}

const takeRowsOp: Op<{ places: Int32Array }> = {
  name: 'takeRows',
  infer: ([x], { places }) => {
    const [batch, rows, width] = x!.shape;
    if (x!.shape.length !== 3 || x!.type !== 'float32' || places.some((row) => row < blank || row >= rows!))
      reject('takeRows', `places leave [${x!.shape.join(', ')}]`);
    return [{ type: x!.type, shape: [batch!, places.length, width!] }];
  },
  // Rows that were taken equally often are taken back together from where they went and added, the same way on every device: nothing is
  // scattered, and nothing blank is copied.
  gradient: ({ inputs: [x] }, dy, { places }) => {
    const rows = x!.shape[1]!;
    const taken = placesOf(rows, places);
    const order = inOrder(taken);
    const groups = Map.groupBy(order, (row) => taken[row]!.length);
    const sums = Array.from(groups, ([times, group]) =>
      Array.from({ length: Math.max(1, times) }, (_, i) =>
        takeRows(
          dy,
          Int32Array.from(group, (row) => taken[row]![i] ?? blank),
        ),
      ).reduce((sum, part) => add(sum, part)),
    );
    const joined = concatenate(sums, 1);
    return [order.every((row, i) => row === i) ? joined : takeRows(joined, ranks(order))];
  },
  reference: ([x], node, { places }) => {
    const [batch, rows, width] = node.inputs[0]!.shape as [number, number, number];
    const y = new Float64Array(batch * places.length * width);
    for (let b = 0; b < batch; b++)
      places.forEach((row, place) => {
        if (row === blank) return;
        const from = (b * rows + row) * width;
        y.set(x!.subarray(from, from + width), (b * places.length + place) * width);
      });
    return [y];
  },
  onnx: (emit, [x], node, { places }) => {
    const padded = places.includes(blank) ? emit.node('Pad', [x!, emit.integers([0, 0, 0, 0, 1, 0])]) : x!;
    return [emit.node('Gather', [padded, emit.indices(withoutBlanks(node.inputs[0]!, places), [places.length])], { axis: 1 })];
  },
  tensorflow: (emit, [x], node, { places }) => {
    const margins = emit.indices(Int32Array.of(0, 0, 0, 1, 0, 0), [3, 2]);
    const padded = places.includes(blank) ? emit.node('Pad', [x!, margins], { T: 'float32', Tpaddings: 'int32' }) : x!;
    return [
      emit.node(
        'GatherV2',
        [padded, emit.indices(withoutBlanks(node.inputs[0]!, places), [places.length]), emit.indices(Int32Array.of(1), [])],
        { Tparams: 'float32', Tindices: 'int32', Taxis: 'int32' },
      ),
    ];
  },
};

/** With a row of zeros behind the last, which blanks are taken from. */
const withoutBlanks = (x: Tensor, places: Int32Array): Int32Array => places.map((row) => (row === blank ? x.shape[1]! : row));

/** Rows of x [B, rows, width] at `places`, the same of each of the B, zeros where they are `blank`: [B, places, width]. */
export const takeRows = (x: Tensor, places: Int32Array): Tensor => apply(takeRowsOp, [x], { places });

export const rowOps = [takeRowsOp] as readonly Op[];
