// The parts of a transformer that runtimes have one kernel for. Their gradients are written by hand from the statistics the
// forward kernel keeps, so that the backward pass needs as few trips through memory as possible.
import { add, erf, erfValue, exp, multiply, square, subtract } from './elementwise.ts';
import { apply, applyAll, reject, sizeOf } from './graph.ts';
import type { Op, Tensor } from './graph.ts';
import { matmul, tensorflowProduct } from './products.ts';
import { concatenate, constant, reshape, sum, transpose } from './structure.ts';
import { inTiles } from './tiles.ts';

type None = Record<string, never>;

/** Runs `row` on each stretch of `width` values. */
function eachRow(x: Float64Array, width: number, row: (values: Float64Array, index: number) => void): void {
  for (let i = 0; i < x.length / width; i++) row(x.subarray(i * width, (i + 1) * width), i);
}

function softmaxRows(x: Float64Array, width: number): Float64Array {
  const y = x.slice();
  eachRow(y, width, (row) => {
    const top = row.reduce((a, b) => Math.max(a, b));
    let total = 0;
    for (let i = 0; i < width; i++) total += row[i] = Math.exp(row[i]! - top);
    for (let i = 0; i < width; i++) row[i]! /= total;
  });
  return y;
}

const softmaxOp: Op<None> = {
  name: 'softmax',
  infer: ([x]) => [{ type: 'float32', shape: x!.shape }],
  gradient: ({ outputs: [y] }, dy) => {
    const weighted = multiply(dy, y!);
    return [subtract(weighted, multiply(y!, sum(weighted, [y!.shape.length - 1])))];
  },
  reference: ([x], node) => [softmaxRows(x!, node.inputs[0]!.shape.at(-1)!)],
  onnx: (emit, inputs) => [emit.node('Softmax', inputs, { axis: -1 })],
  tensorflow: (emit, inputs) => [emit.node('Softmax', inputs, { T: 'float32' })],
};

/** Softmax over the last axis. */
export const softmax = (x: Tensor): Tensor => apply(softmaxOp, [x], {});

const geluOp: Op<None> = {
  name: 'gelu',
  infer: ([x]) => [{ type: 'float32', shape: x!.shape }],
  // Φ(x) + x·φ(x) = ½ (1 + erf u + u · 2/√π · e^(−u²)) with u = x/√2; the factor 2/√π enters as its logarithm in the exponent.
  gradient: ({ inputs: [x] }, dy) => {
    const width = x!.shape.at(-1) ?? 1;
    const flat = (values: Tensor): Tensor => reshape(values, [sizeOf(x!.shape) / width, width]);
    const dx = inTiles([flat(x!), flat(dy)], (part, cotangent) => {
      const u = multiply(part, Math.SQRT1_2);
      const density = exp(subtract(Math.log(2 / Math.sqrt(Math.PI)), square(u)));
      const slope = add(add(erf(u), multiply(u, density)), 1);
      return multiply(multiply(cotangent, 0.5), slope);
    });
    return [reshape(dx, x!.shape)];
  },
  reference: ([x]) => [x!.map((value) => 0.5 * value * (1 + erfValue(value * Math.SQRT1_2)))],
  onnx: (emit, inputs) => [emit.node('Gelu', inputs, { approximate: 'none' })],
  tensorflow: (emit, [x]) => {
    const T = { T: 'float32' } as const;
    const constantOf = (value: number): string => emit.floats([value], []);
    const erfOfX = emit.node('Erf', [emit.node('Mul', [x!, constantOf(Math.SQRT1_2)], T)], T);
    return [emit.node('Mul', [emit.node('Mul', [x!, constantOf(0.5)], T), emit.node('AddV2', [erfOfX, constantOf(1)], T)], T)];
  },
};

/** Exact Gaussian error linear unit (Hendrycks & Gimpel 2016). */
export const gelu = (x: Tensor): Tensor => apply(geluOp, [x], {});

const layerNormOp: Op<{ epsilon: number }> = {
  name: 'layerNorm',
  infer: ([x, scale, shift]) => {
    const width = x!.shape.at(-1)!;
    if (scale!.shape.join() !== `${width}` || shift!.shape.join() !== `${width}`)
      reject('layerNorm', `width ${width} with scale [${scale!.shape.join(', ')}]`);
    const statistic = [...x!.shape.slice(0, -1), 1];
    return [x!.shape, statistic, statistic].map((shape) => ({ type: 'float32', shape }));
  },
  gradient: ({ inputs: [x, scale], outputs: [, mean, inverse] }, dy) => {
    const width = x!.shape.at(-1)!;
    const rows = sizeOf(x!.shape) / width;
    const normalised = multiply(subtract(x!, mean!), inverse!);
    const weighted = multiply(dy, normalised);
    // The two row means as products with a column: a product reads its operand once and needs no scaled copy of it.
    const column = reshape(scale!, [width, 1]);
    const rowMean = (values: Tensor): Tensor =>
      reshape(matmul(reshape(values, [rows, width]), column, false, false, 1 / width), mean!.shape);
    const centred = subtract(multiply(dy, scale!), rowMean(dy));
    const dx = multiply(subtract(centred, multiply(normalised, rowMean(weighted))), inverse!);
    const overRows = (values: Tensor): Tensor => reshape(sum(reshape(values, [rows, width]), [0]), [width]);
    return [dx, overRows(weighted), overRows(dy)];
  },
  reference: ([x, scale, shift], node, { epsilon }) => {
    const width = node.inputs[0]!.shape.at(-1)!;
    const y = new Float64Array(x!.length);
    const means = new Float64Array(x!.length / width);
    const inverses = new Float64Array(x!.length / width);
    eachRow(x!, width, (row, i) => {
      const mean = row.reduce((a, b) => a + b) / width;
      const inverse = 1 / Math.sqrt(row.reduce((a, b) => a + (b - mean) ** 2, 0) / width + epsilon);
      [means[i], inverses[i]] = [mean, inverse];
      row.forEach((value, j) => (y[i * width + j] = (value - mean) * inverse * scale![j]! + shift![j]!));
    });
    return [y, means, inverses];
  },
  onnx: (emit, inputs, node, { epsilon }) => {
    const statistics = emit.used(node.outputs[1]!) || emit.used(node.outputs[2]!);
    const attributes = { axis: -1, epsilon };
    return statistics ? emit.nodes('LayerNormalization', inputs, 3, attributes) : [emit.node('LayerNormalization', inputs, attributes)];
  },
  tensorflow: (emit, [x, scale, shift], _, { epsilon }) => {
    const T = { T: 'float32' } as const;
    const rowMean = (values: string): string => emit.node('Mean', [values, emit.integers([-1])], { ...T, keep_dims: true });
    const mean = rowMean(x!);
    const centred = emit.node('Sub', [x!, mean], T);
    const variance = rowMean(emit.node('Mul', [centred, centred], T));
    const inverse = emit.node('Rsqrt', [emit.node('AddV2', [variance, emit.floats([epsilon], [])], T)], T);
    const scaled = emit.node('Mul', [emit.node('Mul', [centred, inverse], T), scale!], T);
    return [emit.node('AddV2', [scaled, shift!], T), mean, inverse];
  },
};

/** Layer normalisation over the last axis (Ba et al. 2016); scale and shift [width]. */
export const layerNorm = (x: Tensor, scale: Tensor, shift: Tensor, epsilon = 1e-6): Tensor =>
  apply(layerNormOp, [x, scale, shift], { epsilon });

/** Layer normalisation without affine part. */
export function plainLayerNorm(x: Tensor, epsilon = 1e-5): Tensor {
  const width = x.shape.at(-1)!;
  return layerNorm(x, constant(new Float32Array(width).fill(1), [width]), constant(new Float32Array(width), [width]), epsilon);
}

const attentionOp: Op<{ heads: number }> = {
  name: 'attention',
  infer: ([qkv, mask], { heads }) => {
    const [batch, tokens, triple] = qkv!.shape as [number, number, number];
    const width = triple / 3 / heads;
    if (qkv!.shape.length !== 3 || !Number.isInteger(width)) reject('attention', `[${qkv!.shape.join(', ')}] with ${heads} heads`);
    if (mask && mask.shape.join() !== [batch, 1, 1, tokens].join()) reject('attention', `mask [${mask.shape.join(', ')}]`);
    const perHead = [batch, heads, tokens, width];
    return [[batch, tokens, triple / 3], [batch, heads, tokens, tokens], perHead, perHead, perHead].map((shape) => ({
      type: 'float32',
      shape,
    }));
  },
  // Row sums of dP∘P equal those of dO∘O (Dao et al. 2022, §3.1), which are smaller by tokens/width.
  gradient: ({ inputs: [qkv], outputs: [o, p, q, k, v] }, dy, { heads }) => {
    const [batch, tokens, width] = o!.shape as [number, number, number];
    const split = (x: Tensor): Tensor => transpose(reshape(x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]);
    const scale = 1 / Math.sqrt(width / heads);
    const dO = split(dy);
    const dV = matmul(p!, dO, true);
    const inner = reshape(sum(reshape(multiply(dy, o!), [batch, tokens, heads, width / heads]), [3]), [batch, tokens, heads]);
    const delta = reshape(transpose(inner, [0, 2, 1]), [batch, heads, tokens, 1]);
    const dS = multiply(p!, subtract(matmul(dO, v!, false, true), delta));
    const dQ = matmul(dS, k!, false, false, scale);
    const dK = matmul(dS, q!, true, false, scale);
    const parts = concatenate(
      [dQ, dK, dV].map((x) => reshape(x, [1, ...x.shape])),
      0,
    );
    return [reshape(transpose(parts, [1, 3, 0, 2, 4]), qkv!.shape), undefined];
  },
  reference: ([qkv, mask], node, { heads }) => {
    const [batch, tokens, triple] = node.inputs[0]!.shape as [number, number, number];
    const width = triple / 3;
    const d = width / heads;
    const o = new Float64Array(batch * tokens * width);
    const p = new Float64Array(batch * heads * tokens * tokens);
    const [q, k, v] = [0, 1, 2].map(() => new Float64Array(batch * tokens * width)) as [Float64Array, Float64Array, Float64Array];
    for (let b = 0; b < batch; b++)
      for (let h = 0; h < heads; h++) {
        const at = (part: number, n: number, i: number): number => qkv![(b * tokens + n) * triple + part * width + h * d + i]!;
        for (let n = 0; n < tokens; n++) {
          const row = ((b * heads + h) * tokens + n) * d;
          for (let i = 0; i < d; i++) [q[row + i], k[row + i], v[row + i]] = [at(0, n, i), at(1, n, i), at(2, n, i)];
          const scores = new Float64Array(tokens);
          for (let m = 0; m < tokens; m++) {
            for (let i = 0; i < d; i++) scores[m]! += at(0, n, i) * at(1, m, i);
            scores[m] = scores[m]! / Math.sqrt(d) + (mask ? mask[b * tokens + m]! : 0);
          }
          const probabilities = softmaxRows(scores, tokens);
          p.set(probabilities, ((b * heads + h) * tokens + n) * tokens);
          for (let m = 0; m < tokens; m++)
            for (let i = 0; i < d; i++) o[(b * tokens + n) * width + h * d + i]! += probabilities[m]! * at(2, m, i);
        }
      }
    return [o, p, q, k, v];
  },
  onnx: (emit, [qkv, mask], node, { heads }) => {
    const [batch, tokens, width] = node.outputs[0]!.shape as [number, number, number];
    const scale = 1 / Math.sqrt(width / heads);
    if (!emit.portable && !mask && !node.outputs.slice(1).some((output) => emit.used(output))) {
      const parts = emit.nodes('Split', [qkv!], 3, { axis: -1, num_outputs: 3 });
      return [emit.node('com.microsoft.MultiHeadAttention', parts, { num_heads: heads, scale })];
    }
    const perHead = emit.node('Transpose', [emit.node('Reshape', [qkv!, emit.target([batch, tokens, 3 * heads, width / heads])])], {
      perm: [0, 2, 1, 3],
    });
    const [q, k, v] = emit.nodes('Split', [perHead], 3, { axis: 1, num_outputs: 3 }) as [string, string, string];
    const scores = emit.portable
      ? emit.product([emit.node('Mul', [q, emit.floats([scale], [])]), k], tokens, ([scaled, keys]) =>
          emit.node('MatMul', [scaled!, emit.node('Transpose', [keys!], { perm: [0, 1, 3, 2] })]),
        )
      : emit.product([q, k], tokens, (operands) =>
          emit.node('com.microsoft.FusedMatMul', operands, { transA: 0, transB: 1, alpha: scale }),
        );
    const p = emit.node('Softmax', [mask ? emit.node('Add', [scores, mask]) : scores], { axis: -1 });
    const weighted = emit.product([p, v], width / heads, (operands) => emit.node('MatMul', operands));
    const o = emit.node('Transpose', [weighted], { perm: [0, 2, 1, 3] });
    return [emit.node('Reshape', [o, emit.target([batch, tokens, width])]), p, q, k, v];
  },
  tensorflow: (emit, [qkv, mask], node, { heads }) => {
    const [batch, tokens, width] = node.outputs[0]!.shape as [number, number, number];
    const each = width / heads;
    const T = { T: 'float32' } as const;
    const turned = (x: string): string => emit.node('Transpose', [x, emit.integers([0, 2, 1, 3])], T);
    const perHead = turned(emit.node('Reshape', [qkv!, emit.integers([batch, tokens, 3 * heads, each])], T));
    const [q, k, v] = [0, 1, 2].map((part) =>
      emit.node('Slice', [perHead, emit.integers([0, part * heads, 0, 0]), emit.integers([batch, heads, tokens, each])], {
        ...T,
        Index: 'int32',
      }),
    ) as [string, string, string];
    const product = (a: string, b: string, columns: number, transposeB: boolean, scale: number): string =>
      tensorflowProduct(emit, [a, b], { rank: 4, columns }, { transposeA: false, transposeB, scale });
    const scores = product(q, k, tokens, true, 1 / Math.sqrt(each));
    const p = emit.node('Softmax', [mask === undefined ? scores : emit.node('AddV2', [scores, mask], T)], T);
    const o = turned(product(p, v, each, false, 1));
    return [emit.node('Reshape', [o, emit.integers([batch, tokens, width])], T), p, q, k, v];
  },
};

/**
 * Multi-head self-attention (Vaswani et al. 2017) from packed projections: qkv [batch, tokens, 3·width] → [batch, tokens, width].
 * `mask` [batch, 1, 1, tokens] is added to the scores of each key (0 or a large negative number).
 */
export const attention = (qkv: Tensor, heads: number, mask?: Tensor): Tensor =>
  applyAll(attentionOp, mask ? [qkv, mask] : [qkv], { heads })[0]!;

export const layerOps = [softmaxOp, geluOp, layerNormOp, attentionOp] as readonly Op[];
