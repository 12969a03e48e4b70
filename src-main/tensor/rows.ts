// Rows of a sequence at places that are known when the graph is built: windows of a picture, in one copy.
import { add } from './elementwise.ts';
import { apply, reject } from './graph.ts';
import type { Op, Tensor } from './graph.ts';

/** Where nothing is taken: a row of zeros. */
export const blank = -1;

/**
 * For each of `rows` rows the places it was taken to: as many lists as the most taken row has places, blank where a row has fewer. Sums
 * over the lists in their order, so that they come out alike on every device that adds alike.
 */
function placesOf(rows: number, places: Int32Array): Int32Array[] {
  const lists: Int32Array[] = [];
  const count = new Int32Array(rows);
  places.forEach((row, place) => {
    if (row === blank) return;
    const list = (lists[count[row]!++] ??= new Int32Array(rows).fill(blank));
    list[row] = place;
  });
  return lists;
}

const takeRowsOp: Op<{ places: Int32Array }> = {
  name: 'takeRows',
  infer: ([x], { places }) => {
    const [batch, rows, width] = x!.shape;
    if (x!.shape.length !== 3 || x!.type !== 'float32' || places.some((row) => row < blank || row >= rows!))
      reject('takeRows', `places leave [${x!.shape.join(', ')}]`);
    return [{ type: x!.type, shape: [batch!, places.length, width!] }];
  },
  // Taken back from where it went, and added: nothing is scattered.
  gradient: ({ inputs: [x] }, dy, { places }) => [
    placesOf(x!.shape[1]!, places)
      .map((list) => takeRows(dy, list))
      .reduce<Tensor | undefined>((sum, part) => (sum ? add(sum, part) : part), undefined),
  ],
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
