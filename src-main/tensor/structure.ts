// Ops that move values without changing them, and the sum that is the adjoint of moving one value to many places.
import { apply, reject, sameShape, sizeOf } from './graph.ts';
import type { DataType, Op, Shape, Tensor } from './graph.ts';

/** Row-major strides. */
export function stridesOf(shape: Shape): number[] {
  const strides = Array.from<number>({ length: shape.length }).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** Calls `visit(flat output position, input offset)` for every position of `shape`, the offset moving by `strides`. */
export function visitStrided(shape: Shape, strides: readonly number[], visit: (position: number, offset: number) => void): void {
  const size = sizeOf(shape);
  const index = Array.from<number>({ length: shape.length }).fill(0);
  let offset = 0;
  for (let position = 0; position < size; position++) {
    visit(position, offset);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      offset += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      offset -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}

const inputOp: Op<{ name: string; type: DataType; shape: Shape }> = {
  name: 'input',
  infer: (_, { type, shape }) => [{ type, shape }],
  reference: (_, __, { name }) => reject('input', `no value was given for '${name}'`),
  onnx: (_, __, ___, { name }) => [name],
  tensorflow: (emit, _, __, { name }) => [emit.input(name)],
};

/** A value given at run time. */
export const input = (name: string, shape: Shape, type: DataType = 'float32'): Tensor => apply(inputOp, [], { name, type, shape });

const constantOp: Op<{ values: Float32Array | Int32Array; shape: Shape }> = {
  name: 'constant',
  infer: (_, { values, shape }) => {
    if (values.length !== sizeOf(shape)) reject('constant', `${values.length} values for shape [${shape.join(', ')}]`);
    return [{ type: values instanceof Float32Array ? 'float32' : 'int32', shape }];
  },
  reference: (_, __, { values }) => [Float64Array.from(values)],
  onnx: (emit, _, __, { values, shape }) => [values instanceof Float32Array ? emit.floats(values, shape) : emit.indices(values, shape)],
  tensorflow: (emit, _, __, { values, shape }) => [
    values instanceof Float32Array ? emit.floats(values, shape) : emit.indices(values, shape),
  ],
};

/** Values known when the graph is built. */
export const constant = (values: Float32Array | Int32Array, shape: Shape): Tensor => apply(constantOp, [], { values, shape });
export const scalar = (value: number): Tensor => constant(new Float32Array([value]), []);

const reshapeOp: Op<{ shape: Shape }> = {
  name: 'reshape',
  infer: ([x], { shape }) => {
    if (sizeOf(x!.shape) !== sizeOf(shape)) reject('reshape', `[${x!.shape.join(', ')}] does not fill [${shape.join(', ')}]`);
    return [{ type: x!.type, shape }];
  },
  gradient: (node, dy) => [reshape(dy, node.inputs[0]!.shape)],
  reference: ([x]) => [x!],
  onnx: (emit, [x], _, { shape }) => [emit.node('Reshape', [x!, emit.target(shape)])],
  tensorflow: (emit, [x], node, { shape }) => [emit.node('Reshape', [x!, emit.integers(shape)], { T: node.inputs[0]!.type })],
};

/** The same values, row-major, in another shape. */
export const reshape = (x: Tensor, shape: Shape): Tensor => (sameShape(x.shape, shape) ? x : apply(reshapeOp, [x], { shape }));

const transposeOp: Op<{ order: readonly number[] }> = {
  name: 'transpose',
  infer: ([x], { order }) => {
    if ([...order].sort((a, b) => a - b).join() !== [...x!.shape.keys()].join())
      reject('transpose', `[${order.join(', ')}] is no order of ${x!.shape.length} axes`);
    return [{ type: x!.type, shape: order.map((axis) => x!.shape[axis]!) }];
  },
  gradient: (_, dy, { order }) => [
    transpose(
      dy,
      order.map((__, axis) => order.indexOf(axis)),
    ),
  ],
  reference: ([x], node, { order }) => {
    const strides = stridesOf(node.inputs[0]!.shape);
    const y = new Float64Array(x!.length);
    visitStrided(
      node.outputs[0]!.shape,
      order.map((axis) => strides[axis]!),
      (position, offset) => (y[position] = x![offset]!),
    );
    return [y];
  },
  onnx: (emit, [x], _, { order }) => [emit.node('Transpose', [x!], { perm: order })],
  tensorflow: (emit, [x], node, { order }) => [emit.node('Transpose', [x!, emit.integers(order)], { T: node.inputs[0]!.type })],
};

/** Reorders the axes: axis i of the result is axis `order[i]` of x. */
export const transpose = (x: Tensor, order: readonly number[]): Tensor => apply(transposeOp, [x], { order });

const expandOp: Op<{ shape: Shape }> = {
  name: 'expand',
  infer: ([x], { shape }) => {
    if (x!.shape.length !== shape.length || x!.shape.some((size, axis) => size !== 1 && size !== shape[axis]))
      reject('expand', `[${x!.shape.join(', ')}] does not expand to [${shape.join(', ')}]`);
    return [{ type: x!.type, shape }];
  },
  gradient: (node, dy, { shape }) => [
    sum(
      dy,
      [...shape.keys()].filter((axis) => node.inputs[0]!.shape[axis] !== shape[axis]),
    ),
  ],
  reference: ([x], node, { shape }) => {
    const strides = stridesOf(node.inputs[0]!.shape).map((stride, axis) => (node.inputs[0]!.shape[axis] === 1 ? 0 : stride));
    const y = new Float64Array(sizeOf(shape));
    visitStrided(shape, strides, (position, offset) => (y[position] = x![offset]!));
    return [y];
  },
  onnx: (emit, [x], _, { shape }) => [emit.node('Expand', [x!, emit.integers(shape)])],
  tensorflow: (emit, [x], node, { shape }) => [emit.node('BroadcastTo', [x!, emit.integers(shape)], { T: node.inputs[0]!.type })],
};

/** Repeats along the axes of size 1; x has the rank of `shape`. */
export const expand = (x: Tensor, shape: Shape): Tensor => (sameShape(x.shape, shape) ? x : apply(expandOp, [x], { shape }));

/** Fewer rows than this are added in one go. */
const manyRows = 256;
/** Groups of rows that threads can share. */
const mostGroups = 64;

/**
 * Into how many groups the rows of a matrix are cut to be added: onnxruntime shares the columns of one sum among its threads, so that each
 * of them reads all of the memory. On two threads of a busy machine 28,672 rows of 32 took 2.0 ms so and 0.24 in groups, on one 0.37 and
 * 0.28; in a whole step on a quiet one it made no difference.
 */
function rowGroups(shape: Shape, axes: readonly number[]): number {
  const [rows] = shape;
  if (shape.length !== 2 || axes.length !== 1 || axes[0] !== 0 || rows! < manyRows) return 1;
  let groups = mostGroups;
  while (rows! % groups !== 0) groups--;
  return groups;
}

const sumOp: Op<{ axes: readonly number[] }> = {
  name: 'sum',
  infer: ([x], { axes }) => {
    if (axes.some((axis) => axis < 0 || axis >= x!.shape.length)) reject('sum', `no axes [${axes.join(', ')}] in [${x!.shape.join(', ')}]`);
    return [{ type: x!.type, shape: x!.shape.map((size, axis) => (axes.includes(axis) ? 1 : size)) }];
  },
  gradient: (node, dy) => [expand(dy, node.inputs[0]!.shape)],
  reference: ([x], node) => {
    const y = new Float64Array(sizeOf(node.outputs[0]!.shape));
    const strides = stridesOf(node.outputs[0]!.shape).map((stride, axis) => (node.outputs[0]!.shape[axis] === 1 ? 0 : stride));
    visitStrided(node.inputs[0]!.shape, strides, (position, offset) => (y[offset]! += x![position]!));
    return [y];
  },
  onnx: (emit, [x], node, { axes }) => {
    const sumOver = (values: string, over: readonly number[], keepdims: 0 | 1): string =>
      emit.node('ReduceSum', [values, emit.integers(over)], { keepdims });
    const groups = emit.hasFreeBatch ? 1 : rowGroups(node.inputs[0]!.shape, axes);
    if (groups === 1) return [sumOver(x!, axes, 1)];
    const [rows, width] = node.inputs[0]!.shape as [number, number];
    const grouped = emit.node('Reshape', [x!, emit.integers([groups, rows / groups, width])]);
    return [sumOver(sumOver(grouped, [1], 0), [0], 1)];
  },
  tensorflow: (emit, [x], node, { axes }) => [emit.node('Sum', [x!, emit.integers(axes)], { T: node.inputs[0]!.type, keep_dims: true })],
};

/** Sum over the given axes, which keep size 1. */
export const sum = (x: Tensor, axes: readonly number[]): Tensor => (axes.length === 0 ? x : apply(sumOp, [x], { axes }));

/** Sum over everything, a scalar. */
export const sumAll = (x: Tensor): Tensor => reshape(sum(x, [...x.shape.keys()]), []);

const sliceOp: Op<{ axis: number; start: number; size: number }> = {
  name: 'slice',
  infer: ([x], { axis, start, size }) => {
    if (start < 0 || size < 1 || start + size > (x!.shape[axis] ?? 0))
      reject('slice', `${start}+${size} leaves axis ${axis} of [${x!.shape.join(', ')}]`);
    return [{ type: x!.type, shape: x!.shape.map((all, other) => (other === axis ? size : all)) }];
  },
  gradient: (node, dy, { axis, start, size }) => {
    const shape = node.inputs[0]!.shape;
    const zeros = (count: number): Tensor[] => (count === 0 ? [] : [zerosOf(shape.map((all, other) => (other === axis ? count : all)))]);
    return [concatenate([...zeros(start), dy, ...zeros(shape[axis]! - start - size)], axis)];
  },
  reference: ([x], node, { axis, start }) => {
    const strides = stridesOf(node.inputs[0]!.shape);
    const y = new Float64Array(sizeOf(node.outputs[0]!.shape));
    visitStrided(node.outputs[0]!.shape, strides, (position, offset) => (y[position] = x![offset + start * strides[axis]!]!));
    return [y];
  },
  // onnxruntime's WebGPU slices no integers, but takes rows of them.
  onnx: (emit, [x], { inputs }, { axis, start, size }) =>
    inputs[0]!.type === 'int32'
      ? [
          emit.node(
            'Gather',
            [
              x!,
              emit.indices(
                Int32Array.from({ length: size }, (_, i) => start + i),
                [size],
              ),
            ],
            { axis },
          ),
        ]
      : [emit.node('Slice', [x!, emit.integers([start]), emit.integers([start + size]), emit.integers([axis])])],
  tensorflow: (emit, [x], node, { axis, start }) => {
    const begin = node.inputs[0]!.shape.map((_, other) => (other === axis ? start : 0));
    return [
      emit.node('Slice', [x!, emit.integers(begin), emit.integers(node.outputs[0]!.shape)], { T: node.inputs[0]!.type, Index: 'int32' }),
    ];
  },
};

/** `size` entries of one axis from `start`. */
export const slice = (x: Tensor, axis: number, start: number, size: number): Tensor =>
  start === 0 && size === x.shape[axis] ? x : apply(sliceOp, [x], { axis, start, size });

const zerosOf = (shape: Shape): Tensor =>
  expand(
    constant(
      new Float32Array(1),
      shape.map(() => 1),
    ),
    shape,
  );

const concatenateOp: Op<{ axis: number }> = {
  name: 'concatenate',
  infer: (inputs, { axis }) => {
    const [first] = inputs;
    const fits = inputs.every(
      (x) =>
        x.type === first!.type &&
        x.shape.length === first!.shape.length &&
        x.shape.every((size, other) => other === axis || size === first!.shape[other]),
    );
    if (!fits || axis >= first!.shape.length) reject('concatenate', inputs.map((x) => `[${x.shape.join(', ')}]`).join(' '));
    return [
      {
        type: first!.type,
        shape: first!.shape.map((size, other) => (other === axis ? inputs.reduce((total, x) => total + x.shape[axis]!, 0) : size)),
      },
    ];
  },
  gradient: (node, dy, { axis }) => {
    let start = 0;
    return node.inputs.map((x) => {
      const part = slice(dy, axis, start, x.shape[axis]!);
      start += x.shape[axis]!;
      return part;
    });
  },
  reference: (inputs, node, { axis }) => {
    const shape = node.outputs[0]!.shape;
    const strides = stridesOf(shape);
    const y = new Float64Array(sizeOf(shape));
    let start = 0;
    inputs.forEach((x, i) => {
      const from = start * strides[axis]!;
      visitStrided(node.inputs[i]!.shape, strides, (position, offset) => (y[from + offset] = x[position]!));
      start += node.inputs[i]!.shape[axis]!;
    });
    return [y];
  },
  onnx: (emit, inputs, _, { axis }) => [emit.node('Concat', inputs, { axis })],
  tensorflow: (emit, inputs, node, { axis }) => [
    emit.node('ConcatV2', [...inputs, emit.indices(Int32Array.of(axis), [])], { T: node.inputs[0]!.type, N: inputs.length }),
  ],
};

/** Joins tensors along an axis. */
export const concatenate = (inputs: readonly Tensor[], axis: number): Tensor =>
  inputs.length === 1 ? inputs[0]! : apply(concatenateOp, inputs, { axis });

export const structureOps = [inputOp, constantOp, reshapeOp, transposeOp, expandOp, sumOp, sliceOp, concatenateOp] as readonly Op[];
