// Matrix products and look-ups: where nearly all of the time goes.
import { cast, equal, multiply } from './elementwise.ts';
import { apply, reject, sameShape, sizeOf } from './graph.ts';
import type { Op, Shape, TensorflowEmitter, Tensor } from './graph.ts';
import { constant, reshape, sum } from './structure.ts';

type MatmulAttributes = { readonly transposeA: boolean; readonly transposeB: boolean; readonly scale: number };

const rowsColumns = (shape: Shape, transposed: boolean): [number, number] => {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
};

/** out[rows, columns] += scale · A·B for one pair of matrices, in float64. */
function product(
  a: Float64Array,
  b: Float64Array,
  m: number,
  k: number,
  n: number,
  { transposeA, transposeB, scale }: MatmulAttributes,
): Float64Array {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let total = 0;
      for (let l = 0; l < k; l++) total += (transposeA ? a[l * m + i]! : a[i * k + l]!) * (transposeB ? b[j * k + l]! : b[l * n + j]!);
      out[i * n + j] = total * scale;
    }
  return out;
}

/**
 * scale · A·B as TensorFlow nodes, A and B of `rank` axes. In reduced precision the operands are rounded and so is the result, as on a
 * card's matrix units; products with a single column are row sums, which are bound by memory and gain nothing by it.
 */
export function tensorflowProduct(
  emit: TensorflowEmitter,
  operands: readonly string[],
  { rank, columns }: { readonly rank: number; readonly columns: number },
  { transposeA, transposeB, scale }: MatmulAttributes,
): string {
  const T = columns > 1 ? emit.precision : 'float32';
  const rounded = operands.map((x) => (T === 'float32' ? x : emit.node('Cast', [x], { SrcT: 'float32', DstT: T })));
  const product =
    rank === 2
      ? emit.node('MatMul', rounded, { T, transpose_a: transposeA, transpose_b: transposeB })
      : emit.node('BatchMatMulV2', rounded, { T, adj_x: transposeA, adj_y: transposeB });
  const y = T === 'float32' ? product : emit.node('Cast', [product], { SrcT: T, DstT: 'float32' });
  return scale === 1 ? y : emit.node('Mul', [y, emit.floats([scale], [])], { T: 'float32' });
}

/**
 * Columns of a product that onnxruntime's kernel makes at a time on a processor. It turns a transposed left operand for each of them anew:
 * where there are more, one copy before is faster (by 3–15 % of a product; a step of ViT-S/16 took 2 % less on one thread, 5 % on two).
 */
const slabColumns = 128;

const matmulOp: Op<MatmulAttributes> = {
  name: 'matmul',
  infer: ([a, b], { transposeA, transposeB }) => {
    if (a!.shape.length < 2 || b!.shape.length < 2) reject('matmul', 'operands need two axes');
    const [m, k] = rowsColumns(a!.shape, transposeA);
    const [k2, n] = rowsColumns(b!.shape, transposeB);
    if (k !== k2 || !sameShape(a!.shape.slice(0, -2), b!.shape.slice(0, -2)))
      reject('matmul', `[${a!.shape.join(', ')}] · [${b!.shape.join(', ')}]`);
    return [{ type: 'float32', shape: [...a!.shape.slice(0, -2), m, n] }];
  },
  gradient: ({ inputs: [a, b] }, dy, { transposeA, transposeB, scale }) => [
    transposeA ? matmul(b!, dy, transposeB, true, scale) : matmul(dy, b!, false, !transposeB, scale),
    transposeB ? matmul(dy, a!, true, transposeA, scale) : matmul(a!, dy, !transposeA, false, scale),
  ],
  reference: ([a, b], node, attributes) => {
    const [m, k] = rowsColumns(node.inputs[0]!.shape, attributes.transposeA);
    const n = node.outputs[0]!.shape.at(-1)!;
    const batch = sizeOf(node.outputs[0]!.shape.slice(0, -2));
    const y = new Float64Array(batch * m * n);
    for (let i = 0; i < batch; i++)
      y.set(product(a!.subarray(i * m * k, (i + 1) * m * k), b!.subarray(i * k * n, (i + 1) * k * n), m, k, n, attributes), i * m * n);
    return [y];
  },
  onnx: (emit, inputs, node, { transposeA, transposeB, scale }) => {
    const columns = node.outputs[0]!.shape.at(-1)!;
    const product = (type: string, attributes = {}): readonly string[] => [
      emit.product(inputs, columns, (operands) => emit.node(type, operands, attributes)),
    ];
    const fused = { transA: Number(transposeA), transB: Number(transposeB), alpha: scale };
    if (!transposeA && !transposeB && scale === 1) return product('MatMul');
    if (node.inputs[0]!.shape.length === 2) {
      const isTurned = transposeA && columns > slabColumns && emit.onProcessor;
      if (!isTurned) return product('Gemm', fused);
      // Gemm, or MatMul with the running sum behind it, would be given the turning back by onnxruntime (at the level `basic` already).
      const turned = emit.product(inputs, columns, ([a, b]) =>
        emit.node('com.microsoft.FusedMatMul', [emit.node('Transpose', [a!], { perm: [1, 0] }), b!], { ...fused, transA: 0 }),
      );
      return [turned];
    }
    if (!emit.portable) return product('com.microsoft.FusedMatMul', fused);
    const swapped = node.inputs[0]!.shape.map((_, axis, { length }) => (axis < length - 2 ? axis : 2 * length - 3 - axis));
    const turn = (x: string, transposed: boolean): string => (transposed ? emit.node('Transpose', [x], { perm: swapped }) : x);
    const y = emit.product(inputs, columns, ([a, b]) => emit.node('MatMul', [turn(a!, transposeA), turn(b!, transposeB)]));
    return [scale === 1 ? y : emit.node('Mul', [y, emit.floats([scale], [])])];
  },
  tensorflow: (emit, inputs, { outputs: [y] }, attributes) => [
    tensorflowProduct(emit, inputs, { rank: y!.shape.length, columns: y!.shape.at(-1)! }, attributes),
  ],
};

/** scale · A·B over equal leading axes; A is [..., m, k] (or [..., k, m] transposed), B [..., k, n] (or [..., n, k]). */
export const matmul = (a: Tensor, b: Tensor, transposeA = false, transposeB = false, scale = 1): Tensor =>
  apply(matmulOp, [a, b], { transposeA, transposeB, scale });

const linearOp: Op<Record<string, never>> = {
  name: 'linear',
  infer: ([x, weight, bias]) => {
    const [inner, outer] = weight!.shape;
    if (x!.shape.at(-1) !== inner || weight!.shape.length !== 2 || !sameShape(bias!.shape, [outer!]))
      reject('linear', `[${x!.shape.join(', ')}] · [${weight!.shape.join(', ')}] + [${bias!.shape.join(', ')}]`);
    return [{ type: 'float32', shape: [...x!.shape.slice(0, -1), outer!] }];
  },
  gradient: ({ inputs: [x, weight] }, dy) => {
    const [inner, outer] = weight!.shape as [number, number];
    const rows = sizeOf(x!.shape) / inner;
    const flat = reshape(dy, [rows, outer]);
    return [
      reshape(matmul(flat, weight!, false, true), x!.shape),
      matmul(reshape(x!, [rows, inner]), flat, true),
      reshape(sum(flat, [0]), [outer]),
    ];
  },
  reference: ([x, weight, bias], node) => {
    const [inner, outer] = node.inputs[1]!.shape as [number, number];
    const y = product(x!, weight!, x!.length / inner, inner, outer, { transposeA: false, transposeB: false, scale: 1 });
    return [y.map((value, i) => value + bias![i % outer]!)];
  },
  onnx: (emit, [x, weight, bias], node) => {
    const [inner, outer] = node.inputs[1]!.shape as [number, number];
    const { shape } = node.inputs[0]!;
    const product = (rows: string): string => emit.product([rows, weight!, bias!], outer, (operands) => emit.node('Gemm', operands));
    if (shape.length === 2) return [product(x!)];
    const rows = sizeOf(shape) / inner;
    const y = product(emit.node('Reshape', [x!, emit.target([rows, inner])]));
    return [emit.node('Reshape', [y, emit.target([...shape.slice(0, -1), outer])])];
  },
  tensorflow: (emit, [x, weight, bias], node) => {
    const [inner, outer] = node.inputs[1]!.shape as [number, number];
    const rows = sizeOf(node.inputs[0]!.shape) / inner;
    const flat = emit.node('Reshape', [x!, emit.integers([rows, inner])], { T: 'float32' });
    const plain = { transposeA: false, transposeB: false, scale: 1 };
    const y = emit.node('AddV2', [tensorflowProduct(emit, [flat, weight!], { rank: 2, columns: outer }, plain), bias!], { T: 'float32' });
    return [emit.node('Reshape', [y, emit.integers(node.outputs[0]!.shape)], { T: 'float32' })];
  },
};

/** x · weight + bias over the last axis; x [..., in], weight [in, out], bias [out]. */
export const linear = (x: Tensor, weight: Tensor, bias: Tensor): Tensor => apply(linearOp, [x, weight, bias], {});

type GemmAttributes = { readonly alpha: number; readonly beta: number };

const gemmOp: Op<GemmAttributes> = {
  name: 'gemm',
  infer: ([a, b, c]) => {
    const [[m, k], [k2, n]] = [a!.shape, b!.shape];
    if ([a, b, c].some((x) => x!.shape.length !== 2) || k !== k2 || !sameShape(c!.shape, [m!, n!]))
      reject('gemm', `[${a!.shape.join(', ')}] · [${b!.shape.join(', ')}] + [${c!.shape.join(', ')}]`);
    return [{ type: 'float32', shape: c!.shape }];
  },
  gradient: ({ inputs: [a, b] }, dy, { alpha, beta }) => [
    matmul(dy, b!, false, true, alpha),
    matmul(a!, dy, true, false, alpha),
    multiply(dy, beta),
  ],
  reference: ([a, b, c], node, { alpha, beta }) => {
    const [m, k] = node.inputs[0]!.shape as [number, number];
    const n = node.outputs[0]!.shape[1]!;
    return [product(a!, b!, m, k, n, { transposeA: false, transposeB: false, scale: alpha }).map((value, i) => value + beta * c![i]!)];
  },
  onnx: (emit, inputs, _node, { alpha, beta }) => [emit.node('Gemm', inputs, { alpha, beta })],
  tensorflow: (emit, [a, b, c], _node, { alpha, beta }) => {
    const T = { T: 'float32' } as const;
    const times = (x: string, factor: number): string => (factor === 1 ? x : emit.node('Mul', [x, emit.floats([factor], [])], T));
    const y = emit.node('MatMul', [a!, b!], { ...T, transpose_a: false, transpose_b: false });
    return [emit.node('AddV2', [times(y, alpha), times(c!, beta)], T)];
  },
};

/** alpha · A·B + beta · C of matrices in one kernel, in float32 whatever the precision; A [m, k], B [k, n], C [m, n]. */
export const gemm = (a: Tensor, b: Tensor, c: Tensor, alpha: number, beta: number): Tensor => apply(gemmOp, [a, b, c], { alpha, beta });

const gatherOp: Op<Record<string, never>> = {
  name: 'gather',
  infer: ([table, indices]) => {
    if (table!.shape.length !== 2 || indices!.type !== 'int32') reject('gather', `[${table!.shape.join(', ')}] at ${indices!.type}`);
    return [{ type: table!.type, shape: [...indices!.shape, table!.shape[1]!] }];
  },
  // As a product with a one-hot matrix: an op with atomic additions would make the sum depend on their order.
  gradient: ({ inputs: [table, indices] }, dy) => {
    const [rows, width] = table!.shape as [number, number];
    const count = sizeOf(indices!.shape);
    const oneHot = cast(
      equal(
        reshape(indices!, [count, 1]),
        constant(
          Int32Array.from({ length: rows }, (_, row) => row),
          [1, rows],
        ),
      ),
      'float32',
    );
    return [matmul(oneHot, reshape(dy, [count, width]), true), undefined];
  },
  reference: ([table, indices], node) => {
    const width = node.inputs[0]!.shape[1]!;
    const y = new Float64Array(indices!.length * width);
    indices!.forEach((row, i) => y.set(table!.subarray(row * width, (row + 1) * width), i * width));
    return [y];
  },
  onnx: (emit, inputs) => [emit.node('Gather', inputs, { axis: 0 })],
  tensorflow: (emit, inputs, node) => [
    emit.node('GatherV2', [...inputs, emit.indices(Int32Array.of(0), [])], {
      Tparams: node.inputs[0]!.type,
      Tindices: 'int32',
      Taxis: 'int32',
    }),
  ],
};

/** Rows of a table [rows, width] at indices of any shape: [...indices, width]. */
export const gather = (table: Tensor, indices: Tensor): Tensor => apply(gatherOp, [table, indices], {});

export const productOps = [matmulOp, linearOp, gemmOp, gatherOp] as readonly Op[];
