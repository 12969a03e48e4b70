// One random example per op, for the three checks that every entry of the table must pass: shape, gradient, emission.
import fc from 'fast-check';
import { Random } from '../../../shared/random.ts';
import * as e from '../elementwise.ts';
import { sizeOf } from '../graph.ts';
import type { Shape, Tensor } from '../graph.ts';
import * as l from '../layers.ts';
import * as p from '../products.ts';
import * as r from '../rows.ts';
import * as s from '../structure.ts';

export interface Example {
  readonly output: Tensor;
  /** Values of the float inputs `x0`, `x1`, …, and of the integer input `i`. */
  readonly inputs: Readonly<Record<string, Float32Array | Int32Array>>;
}

interface Draw {
  /** A float input of this shape with values in [low, high]. */
  float(shape: Shape, low?: number, high?: number): Tensor;
  integer(shape: Shape, below: number): Tensor;
  /** A whole number from 1 to `most`. */
  size(most?: number): number;
}

const shapeOf = (draw: Draw, rank: number): number[] => Array.from({ length: rank }, () => draw.size(4));
const unary =
  (build: (x: Tensor) => Tensor, low = -2, high = 2) =>
  (draw: Draw) =>
    build(draw.float(shapeOf(draw, 1 + (draw.size(3) % 3)), low, high));
const binary =
  (build: (a: Tensor, b: Tensor) => Tensor, low = -2, high = 2) =>
  (draw: Draw) => {
    const shape = shapeOf(draw, 3);
    const other = shape.map((size) => (draw.size(3) === 1 ? 1 : size)).slice(draw.size(3) - 1);
    const [a, b] = [draw.float(shape, low, high), draw.float(other, low, high)];
    return draw.size(2) === 1 ? build(a, b) : build(b, a);
  };

/** Name of the op → an expression with it. The result is always float32. */
export const cases: Readonly<Record<string, (draw: Draw) => Tensor>> = {
  input: (draw) => e.multiply(draw.float([2, 3]), 2),
  constant: (draw) => e.add(draw.float([2, 3]), s.constant(Float32Array.from([1, 2, 3]), [3])),
  reshape: (draw) => s.reshape(draw.float([2, 3, 4]), [4, 6]),
  transpose: (draw) =>
    s.transpose(
      draw.float(shapeOf(draw, 4)),
      [
        [2, 0, 3, 1],
        [0, 2, 1, 3],
        [3, 2, 1, 0],
      ][draw.size(3) - 1]!,
    ),
  expand: (draw) => s.expand(draw.float([2, 1, 3, 1]), [2, draw.size(), 3, draw.size()]),
  sum: (draw) =>
    draw.size(2) === 1
      ? s.sum(draw.float(shapeOf(draw, 3)), [[0], [1, 2], [0, 1, 2]][draw.size(3) - 1]!)
      : // So many rows that they are added in groups, where they can be cut into alike ones.
        s.sum(draw.float([[257, 300, 448][draw.size(3) - 1]!, draw.size(3)]), [0]),
  slice: (draw) => s.slice(draw.float([3, 5]), 1, draw.size(3) - 1, draw.size(3)),
  concatenate: (draw) => s.concatenate([draw.float([2, draw.size()]), draw.float([2, draw.size()]), draw.float([2, 1])], 1),
  add: binary(e.add),
  subtract: binary(e.subtract),
  multiply: binary(e.multiply),
  divide: binary(e.divide, 0.5, 2),
  minimum: binary(e.minimum),
  maximum: binary(e.maximum),
  equal: (draw) =>
    e.select(e.equal(s.constant(Int32Array.from([0, 1, 2]), [3]), draw.integer([4, 1], 3)), draw.float([4, 3]), draw.float([3])),
  less: binary((a, b) => e.multiply(e.cast(e.less(a, b), 'float32'), a)),
  negate: unary(e.negate),
  exp: unary(e.exp),
  log: unary(e.log, 0.3, 3),
  sqrt: unary(e.sqrt, 0.3, 3),
  sin: unary(e.sin, -20, 20),
  cos: unary(e.cos, -20, 20),
  abs: unary(e.abs),
  erf: unary(e.erf),
  clip: unary((x) => e.clip(x, -0.7, 0.9)),
  select: binary((a, b) => e.select(e.less(a, b), e.multiply(a, 3), b)),
  cast: (draw) => e.multiply(e.cast(draw.integer([3], 9), 'float32'), draw.float([3])),
  matmul: (draw) => {
    const [batch, m, k, n] = [draw.size(3), draw.size(), draw.size(), draw.size()];
    const [transposeA, transposeB, flat] = [draw.size(2) === 1, draw.size(2) === 1, draw.size(2) === 1];
    const leading = flat ? [] : [batch, 2];
    return p.matmul(
      draw.float([...leading, ...(transposeA ? [k, m] : [m, k])]),
      draw.float([...leading, ...(transposeB ? [n, k] : [k, n])]),
      transposeA,
      transposeB,
      draw.size(2) === 1 ? 1 : 0.7,
    );
  },
  linear: (draw) => {
    const [inner, outer] = [draw.size(), draw.size()];
    return p.linear(draw.float([...shapeOf(draw, draw.size(2)), inner]), draw.float([inner, outer]), draw.float([outer]));
  },
  gemm: (draw) => {
    const [m, k, n] = [draw.size(), draw.size(), draw.size()];
    return p.gemm(draw.float([m, k]), draw.float([k, n]), draw.float([m, n]), 2, -0.5);
  },
  gather: (draw) => p.gather(draw.float([5, draw.size()]), s.slice(draw.integer([2, 4], 5), 1, 1, draw.size(3))),
  // Some rows several times, some not at all, and places without any.
  takeRows: (draw) => {
    const rows = 1 + draw.size(4);
    return r.takeRows(
      draw.float([draw.size(3), rows, draw.size()]),
      Int32Array.from({ length: 2 + draw.size(9) }, () => draw.size(rows + 1) - 2),
    );
  },
  softmax: (draw) => l.softmax(draw.float([...shapeOf(draw, 2), 2 + draw.size(4)])),
  gelu: unary(l.gelu, -4, 4),
  layerNorm: (draw) => {
    const width = 3 + draw.size();
    return l.layerNorm(draw.float([2, draw.size(), width]), draw.float([width]), draw.float([width]), 1e-3);
  },
  attention: (draw) => {
    const [batch, tokens, heads] = [draw.size(3), 1 + draw.size(3), draw.size(3)];
    const mask = s.constant(
      Float32Array.from({ length: batch * tokens }, (_, i) => (i % tokens === 1 ? -1e9 : 0)),
      [batch, 1, 1, tokens],
    );
    const qkv = draw.float([batch, tokens, 3 * heads * 2]);
    return draw.size(2) === 1 ? l.attention(qkv, heads) : l.attention(qkv, heads, mask);
  },
};

/** Builds the example of an op that belongs to a seed. */
export function example(name: string, seed: number): Example {
  const random = new Random(seed, 'test');
  const inputs: Record<string, Float32Array | Int32Array> = {};
  const draw: Draw = {
    float: (shape, low = -2, high = 2) => {
      const key = `x${Object.keys(inputs).length}`;
      inputs[key] = Float32Array.from({ length: sizeOf(shape) }, () => random.between(low, high));
      return s.input(key, shape);
    },
    integer: (shape, below) => {
      inputs['i'] = Int32Array.from({ length: sizeOf(shape) }, () => random.integer(below));
      return s.input('i', shape, 'int32');
    },
    size: (most = 4) => 1 + random.integer(most),
  };
  return { output: cases[name]!(draw), inputs };
}

export const seeds = fc.integer({ min: 0, max: 0xffffffff });
