// A chain of matrix products as one call: a power of a matrix that stays on the device, and of which the sums of its rows come back.
import type { DeviceId, Precision } from '../../shared/devices.ts';
import { keepsState } from '../runtime/devices.ts';
import { OnnxSession } from '../runtime/onnx-session.ts';
import { TensorflowSession } from '../runtime/tensorflow-session.ts';
import { abs } from '../tensor/elementwise.ts';
import type { Tensor } from '../tensor/graph.ts';
import { lowerTensorflow } from '../tensor/lower-tensorflow.ts';
import { graphMemory } from '../tensor/memory.ts';
import { matmul } from '../tensor/products.ts';
import { input, reshape, sum } from '../tensor/structure.ts';

export interface ProductOptions {
  readonly device?: DeviceId;
  /** Float32 when absent; one that the device has. */
  readonly precision?: Precision;
  readonly threads: number;
}

export interface Chain {
  /** Rows and columns of the matrix. */
  readonly side: number;
  /** Products in a call, each of the last result and the matrix. */
  readonly products: number;
}

export const onTensorflow = (precision: Precision): { readonly precision?: 'bfloat16' } => (precision === 'bfloat16' ? { precision } : {});
export const onOnnx = (precision: Precision): { readonly precision?: 'float16' } => (precision === 'float16' ? { precision } : {});

export const operationsOfChain = ({ side, products }: Chain): number => 2 * products * side ** 3;

/** Sums of the absolute values of each row of A^(products + 1), [side]: no compiler can take a part of the products out of them. */
export function chainGraph({ side, products }: Chain): Tensor {
  const a = input('a', [side, side]);
  let power = a;
  for (let i = 0; i < products; i++) power = matmul(power, a);
  return reshape(sum(abs(power), [1]), [side]);
}

/** Bytes of the matrix and of all that is alive beside it, and of one value; in reduced precision each has a copy. */
export function chainMemory(chain: Chain, precision: Precision = 'float32'): { readonly total: number; readonly largest: number } {
  const { peak, largest } = graphMemory([chainGraph(chain)]);
  return { total: (precision === 'float32' ? 1 : 1.5) * (peak + largest), largest };
}

/**
 * A matrix whose powers are as large as itself: uniform values of variance 1 / side, so that a product keeps the length of a row, and neither
 * overflows nor vanishes in float16. Always the same.
 */
export function chainMatrix(side: number): Float32Array {
  const matrix = new Float32Array(side ** 2);
  const scale = Math.sqrt(3 / side) / 2 ** 31;
  // Marsaglia's xorshift: numbers that are drawn one by one take seconds for the largest of them.
  let word = 0x9e3779b9;
  for (let i = 0; i < matrix.length; i++) {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    matrix[i] = (word | 0) * scale;
  }
  return matrix;
}

export interface ChainCall {
  /** Row sums, [side]. */
  run(): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** Compiles a chain, with its matrix in the memory of a device that keeps what it is given. */
export async function compileChain(chain: Chain, { device = 'cpu', precision = 'float32', threads }: ProductOptions): Promise<ChainCall> {
  const shape = [chain.side, chain.side];
  const a = chainMatrix(chain.side);
  const rows = chainGraph(chain);
  if (device === 'tensorflow') {
    const functions = {
      load: { outputs: { a: input('given', shape) } },
      chain: { outputs: { rows }, ...onTensorflow(precision) },
    };
    const session = await TensorflowSession.create(lowerTensorflow(functions, { a: shape }), { threads });
    await session.call('load', { given: a });
    return { run: async () => (await session.call('chain'))['rows']!, dispose: async () => session.dispose() };
  }
  const options = { device, threads, wholly: keepsState(device) };
  const session = await OnnxSession.compile({ rows }, options, onOnnx(precision));
  if (!keepsState(device)) return { run: async () => (await session.run({ a }))['rows']!, dispose: async () => session.dispose() };
  const upload = await OnnxSession.compile({ a: input('a', shape) }, { ...options, keep: () => true });
  const held = (await upload.runOnDevice({ a })).kept['a']!;
  return {
    run: async () => (await session.runOnDevice({ a: held })).values['rows']!,
    dispose: async () => {
      held.dispose();
      await Promise.all([upload.dispose(), session.dispose()]);
    },
  };
}
