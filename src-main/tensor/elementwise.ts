// Ops that act on each value alone, with NumPy's broadcasting for two inputs.
import { apply, reject, sameShape, sizeOf } from './graph.ts';
import type { DataType, Node, OnnxEmitter, Op, Shape, Tensor } from './graph.ts';
import { constant, reshape, scalar, stridesOf, sum, visitStrided } from './structure.ts';
import type { TensorflowKernel } from './tensorflow-model.ts';

type None = Record<string, never>;

/** NumPy's rule: shapes are aligned at the right, sizes of 1 stretch. */
export function broadcastShape(name: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const [m, n] = [a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1];
    if (m !== n && m !== 1 && n !== 1) reject(name, `[${a.join(', ')}] and [${b.join(', ')}] do not broadcast`);
    return Math.max(m, n);
  });
}

/** Strides that repeat `shape` over `target`. */
function broadcastStrides(shape: Shape, target: Shape): number[] {
  const strides = stridesOf(shape);
  return target.map((_, axis) => {
    const own = axis - target.length + shape.length;
    return own < 0 || shape[own] === 1 ? 0 : strides[own]!;
  });
}

/** Adjoint of broadcasting: sums a cotangent back to the shape of the operand. */
function sumTo(dy: Tensor, shape: Shape): Tensor {
  if (sameShape(dy.shape, shape)) return dy;
  const leading = dy.shape.length - shape.length;
  const axes = [...dy.shape.keys()].filter((axis) => axis < leading || (shape[axis - leading] === 1 && dy.shape[axis] !== 1));
  return reshape(sum(dy, axes), shape);
}

interface Binary {
  readonly name: string;
  readonly onnx: string;
  readonly tensorflow: TensorflowKernel;
  readonly result?: DataType;
  readonly value: (a: number, b: number) => number;
  readonly gradient?: (a: Tensor, b: Tensor, dy: Tensor, y: Tensor) => readonly [Tensor, Tensor];
}

function binaryOp(entry: Binary): Op<None> {
  const { gradient } = entry;
  return {
    name: entry.name,
    infer: ([a, b]) => {
      if (a!.type !== b!.type) reject(entry.name, `${a!.type} and ${b!.type}`);
      return [{ type: entry.result ?? a!.type, shape: broadcastShape(entry.name, a!.shape, b!.shape) }];
    },
    ...(gradient && {
      gradient: ({ inputs: [a, b], outputs: [y] }: Node, dy: Tensor) => {
        const [da, db] = gradient(a!, b!, dy, y!);
        return [sumTo(da, a!.shape), sumTo(db, b!.shape)];
      },
    }),
    reference: ([a, b], node) => {
      const shape = node.outputs[0]!.shape;
      const result = new Float64Array(sizeOf(shape));
      visitStrided(shape, broadcastStrides(node.inputs[0]!.shape, shape), (position, offset) => (result[position] = a![offset]!));
      visitStrided(
        shape,
        broadcastStrides(node.inputs[1]!.shape, shape),
        (position, offset) => (result[position] = entry.value(result[position]!, b![offset]!)),
      );
      return [result];
    },
    onnx: (emit, inputs) => [emit.node(entry.onnx, inputs)],
    tensorflow: (emit, inputs, node) => [emit.node(entry.tensorflow, inputs, { T: node.inputs[0]!.type })],
  };
}

const asTensor = (x: Tensor | number): Tensor => (typeof x === 'number' ? scalar(x) : x);
const binary =
  (op: Op<None>) =>
  (a: Tensor | number, b: Tensor | number): Tensor =>
    apply(op, [asTensor(a), asTensor(b)], {});

const addOp = binaryOp({ name: 'add', onnx: 'Add', tensorflow: 'AddV2', value: (a, b) => a + b, gradient: (_, __, dy) => [dy, dy] });
const subtractOp = binaryOp({
  name: 'subtract',
  onnx: 'Sub',
  tensorflow: 'Sub',
  value: (a, b) => a - b,
  gradient: (_, __, dy) => [dy, negate(dy)],
});
const multiplyOp = binaryOp({
  name: 'multiply',
  onnx: 'Mul',
  tensorflow: 'Mul',
  value: (a, b) => a * b,
  gradient: (a, b, dy) => [multiply(dy, b), multiply(dy, a)],
});
const divideOp = binaryOp({
  name: 'divide',
  onnx: 'Div',
  tensorflow: 'RealDiv',
  value: (a, b) => a / b,
  gradient: (_, b, dy, y) => [divide(dy, b), negate(divide(multiply(dy, y), b))],
});
const minimumOp = binaryOp({
  name: 'minimum',
  onnx: 'Min',
  tensorflow: 'Minimum',
  value: Math.min,
  gradient: (a, b, dy) => pick(less(a, b), dy),
});
const maximumOp = binaryOp({
  name: 'maximum',
  onnx: 'Max',
  tensorflow: 'Maximum',
  value: Math.max,
  gradient: (a, b, dy) => pick(less(b, a), dy),
});
const equalOp = binaryOp({ name: 'equal', onnx: 'Equal', tensorflow: 'Equal', result: 'bool', value: (a, b) => Number(a === b) });
const lessOp = binaryOp({ name: 'less', onnx: 'Less', tensorflow: 'Less', result: 'bool', value: (a, b) => Number(a < b) });

export const add = binary(addOp);
export const subtract = binary(subtractOp);
export const multiply = binary(multiplyOp);
export const divide = binary(divideOp);
export const minimum = binary(minimumOp);
export const maximum = binary(maximumOp);
export const equal = binary(equalOp);
export const less = binary(lessOp);

/** The cotangent goes to the first operand where `condition` holds, else to the second. */
const pick = (condition: Tensor, dy: Tensor): readonly [Tensor, Tensor] => [select(condition, dy, 0), select(condition, 0, dy)];

interface Unary {
  readonly name: string;
  /** All runtimes have the same name for it. */
  readonly kernel: TensorflowKernel;
  readonly value: (x: number) => number;
  readonly gradient: (x: Tensor, dy: Tensor, y: Tensor) => Tensor;
}

const unaryOp = (entry: Unary): Op<None> => ({
  name: entry.name,
  infer: ([x]) => (x!.type === 'float32' ? [{ type: x!.type, shape: x!.shape }] : reject(entry.name, x!.type)),
  gradient: ({ inputs: [x], outputs: [y] }, dy) => [entry.gradient(x!, dy, y!)],
  reference: ([x]) => [x!.map(entry.value)],
  onnx: (emit, inputs) => [emit.node(entry.kernel, inputs)],
  tensorflow: (emit, inputs) => [emit.node(entry.kernel, inputs, { T: 'float32' })],
});
const unary =
  (op: Op<None>) =>
  (x: Tensor): Tensor =>
    apply(op, [x], {});

/** Error function to about 1e-16: its series below 2.5, the continued fraction of erfc above. */
export function erfValue(x: number): number {
  const z = Math.abs(x);
  if (z < 2.5) {
    let term = z;
    let total = z;
    for (let n = 1; n < 60 && Math.abs(term) > 1e-18; n++) {
      term *= (-z * z) / n;
      total += term / (2 * n + 1);
    }
    return Math.sign(x) * ((2 / Math.sqrt(Math.PI)) * total);
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (z + fraction);
  return Math.sign(x) * (1 - Math.exp(-z * z) / (Math.sqrt(Math.PI) * (z + fraction)));
}

const negateOp = unaryOp({ name: 'negate', kernel: 'Neg', value: (x) => -x, gradient: (_, dy) => negate(dy) });
const expOp = unaryOp({ name: 'exp', kernel: 'Exp', value: Math.exp, gradient: (_, dy, y) => multiply(dy, y) });
const logOp = unaryOp({ name: 'log', kernel: 'Log', value: Math.log, gradient: (x, dy) => divide(dy, x) });
const sqrtOp = unaryOp({
  name: 'sqrt',
  kernel: 'Sqrt',
  value: Math.sqrt,
  gradient: (_, dy, y) => divide(multiply(dy, 0.5), y),
});

/**
 * cos(x + shift) by arithmetic alone, to about 3e-7: WebGPU promises no more than 5e-4 of its own, and graphics cards differ.
 * cos x = 1 − 2·sin²(x/2) with x/2 brought to [−π/2, π/2], where the sine is its Taylor series to the 13th power.
 */
function steadyCosine(emit: OnnxEmitter, x: string, shift: number): string {
  const by = (type: string, a: string, value: number): string => emit.node(type, [a, emit.floats([value], [])]);
  const turns = by('Mul', shift === 0 ? x : by('Add', x, shift), 1 / (2 * Math.PI));
  const part = emit.node('Sub', [turns, emit.node('Floor', [by('Add', turns, 0.5)])]);
  const half = by('Mul', part, Math.PI);
  const squared = emit.node('Mul', [half, half]);
  const coefficients = [1, -1 / 6, 1 / 120, -1 / 5040, 1 / 362_880, -1 / 39_916_800, 1 / 6_227_020_800];
  const [highest, ...lower] = coefficients.toReversed() as [number, ...number[]];
  const series = lower.reduce((sum, coefficient) => by('Add', emit.node('Mul', [sum, squared]), coefficient), emit.floats([highest], []));
  const sine = emit.node('Mul', [series, half]);
  return by('Add', by('Mul', emit.node('Mul', [sine, sine]), -2), 1);
}

const sinOp: Op<None> = {
  ...unaryOp({ name: 'sin', kernel: 'Sin', value: Math.sin, gradient: (x, dy) => multiply(dy, cos(x)) }),
  onnx: (emit, [x]) => [emit.portable ? steadyCosine(emit, x!, -Math.PI / 2) : emit.node('Sin', [x!])],
};
const cosOp: Op<None> = {
  ...unaryOp({ name: 'cos', kernel: 'Cos', value: Math.cos, gradient: (x, dy) => negate(multiply(dy, sin(x))) }),
  onnx: (emit, [x]) => [emit.portable ? steadyCosine(emit, x!, 0) : emit.node('Cos', [x!])],
};
const absOp = unaryOp({
  name: 'abs',
  kernel: 'Abs',
  value: Math.abs,
  gradient: (x, dy) => select(less(x, 0), negate(dy), dy),
});
const erfOp = unaryOp({
  name: 'erf',
  kernel: 'Erf',
  value: erfValue,
  gradient: (x, dy) => multiply(dy, multiply(exp(negate(multiply(x, x))), 2 / Math.sqrt(Math.PI))),
});

export const negate = unary(negateOp);
export const exp = unary(expOp);
export const log = unary(logOp);
export const sqrt = unary(sqrtOp);
export const sin = unary(sinOp);
export const cos = unary(cosOp);
export const abs = unary(absOp);
export const erf = unary(erfOp);
export const square = (x: Tensor): Tensor => multiply(x, x);

const clipOp: Op<{ low: number; high: number }> = {
  name: 'clip',
  infer: ([x]) => [{ type: x!.type, shape: x!.shape }],
  gradient: ({ inputs: [x], outputs: [y] }, dy) => [select(equal(x!, y!), dy, 0)],
  reference: ([x], _, { low, high }) => [x!.map((value) => Math.min(Math.max(value, low), high))],
  onnx: (emit, [x], _, { low, high }) => [emit.node('Clip', [x!, emit.floats([low], []), emit.floats([high], [])])],
  tensorflow: (emit, [x], _, { low, high }) => [
    emit.node('ClipByValue', [x!, emit.floats([low], []), emit.floats([high], [])], { T: 'float32' }),
  ],
};

/** Limits values to [low, high]; the gradient is zero outside. */
export const clip = (x: Tensor, low: number, high: number): Tensor => apply(clipOp, [x], { low, high });

const selectOp: Op<None> = {
  name: 'select',
  infer: ([condition, a, b]) => {
    if (condition!.type !== 'bool' || a!.type !== b!.type) reject('select', `${condition!.type}, ${a!.type}, ${b!.type}`);
    return [
      {
        type: a!.type,
        shape: broadcastShape('select', condition!.shape, broadcastShape('select', a!.shape, b!.shape)),
      },
    ];
  },
  gradient: ({ inputs: [condition, a, b] }, dy) => {
    const [da, db] = pick(condition!, dy);
    return [undefined, sumTo(da, a!.shape), sumTo(db, b!.shape)];
  },
  reference: (inputs, node) => {
    const shape = node.outputs[0]!.shape;
    const [condition, a, b] = inputs.map((values, i) => {
      const full = new Float64Array(sizeOf(shape));
      visitStrided(shape, broadcastStrides(node.inputs[i]!.shape, shape), (position, offset) => (full[position] = values[offset]!));
      return full;
    });
    return [a!.map((value, i) => (condition![i] === 0 ? b![i]! : value))];
  },
  onnx: (emit, inputs) => [emit.node('Where', inputs)],
  tensorflow: (emit, inputs, node) => [emit.node('SelectV2', inputs, { T: node.outputs[0]!.type })],
};

/** `a` where the condition holds, `b` elsewhere. */
export const select = (condition: Tensor, a: Tensor | number, b: Tensor | number): Tensor =>
  apply(selectOp, [condition, asTensor(a), asTensor(b)], {});

const onnxTypes: Record<DataType, number> = { float32: 1, int32: 6, bool: 9 };

const castOp: Op<{ type: DataType }> = {
  name: 'cast',
  infer: ([x], { type }) => [{ type, shape: x!.shape }],
  gradient: ({ inputs: [x] }, dy) => [x!.type === 'float32' ? dy : undefined],
  reference: ([x], _, { type }) => [type === 'bool' ? x!.map((value) => Number(value !== 0)) : type === 'int32' ? x!.map(Math.trunc) : x!],
  onnx: (emit, [x], _, { type }) => [emit.node('Cast', [x!], { to: onnxTypes[type] })],
  tensorflow: (emit, inputs, node, { type }) => [emit.node('Cast', inputs, { SrcT: node.inputs[0]!.type, DstT: type })],
};

/** Changes the type; float to integer cuts towards zero. */
export const cast = (x: Tensor, type: DataType): Tensor => (x.type === type ? x : apply(castOp, [x], { type }));

/** Mean over the given axes, which keep size 1. */
export const mean = (x: Tensor, axes: readonly number[]): Tensor =>
  multiply(sum(x, axes), 1 / axes.reduce((count, axis) => count * x.shape[axis]!, 1));

export const elementwiseOps = [
  addOp,
  subtractOp,
  multiplyOp,
  divideOp,
  minimumOp,
  maximumOp,
  equalOp,
  lessOp,
  negateOp,
  expOp,
  logOp,
  sqrtOp,
  sinOp,
  cosOp,
  absOp,
  erfOp,
  clipOp,
  selectOp,
  castOp,
] as readonly Op[];

/** A tensor of one repeated value with the shape of another. */
export const constantLike = (x: Tensor, value: number): Tensor => constant(new Float32Array(sizeOf(x.shape)).fill(value), x.shape);
