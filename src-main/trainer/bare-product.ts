// Bare matrix products on a device: whether it makes them itself, and what becomes of a long one.
import { AppError } from '../../shared/errors.ts';
import { keepsState } from '../runtime/devices.ts';
import { OnnxSession } from '../runtime/onnx-session.ts';
import { TensorflowSession } from '../runtime/tensorflow-session.ts';
import { lowerTensorflow } from '../tensor/lower-tensorflow.ts';
import { matmul } from '../tensor/products.ts';
import { input } from '../tensor/structure.ts';
import { onOnnx, onTensorflow } from './product-chain.ts';
import type { ProductOptions } from './product-chain.ts';

const side = 1024;

/**
 * Whether a device that arrays cross to at each call leaves a product of two of them to the processor, as Core ML's format NeuralNetwork does,
 * which wants one of them constant: then it is a card by its name alone. Rejects where it fails otherwise.
 */
export async function leavesProducts(
  { device = 'cpu', threads }: ProductOptions,
  compile: typeof OnnxSession.compile = async (...given) => OnnxSession.compile(...given),
): Promise<boolean> {
  if (device === 'cpu' || device === 'tensorflow' || keepsState(device)) return false;
  const y = matmul(input('a', [side, side]), input('b', [side, side]));
  try {
    await (await compile({ y }, { device, threads, wholly: true })).dispose();
    return false;
  } catch (error) {
    // Without `wholly` such graphs have just been compiled and run there.
    if (error instanceof AppError && error.code === 'device-failed') return true;
    throw error;
  }
}

/** Longest sum of a product in ViT-B, whose hidden layers are 3,072 wide, and beyond. */
const longest = 4096;
const [rows, columns] = [32, 32];
/** 4,096 times its square is 50,176: float16 ends at 65,504, and beyond 2,048 it has no odd numbers to add up in. */
const term = 3.5;

/**
 * Relative error of a product whose every sum has 4,096 equal terms: infinite or not a number where it overflows, and large where
 * the device adds up in the reduced precision instead of in float32.
 */
export async function longProductDeviation({ device = 'cpu', precision = 'float32', threads }: ProductOptions): Promise<number> {
  const y = matmul(input('a', [rows, longest]), input('b', [longest, columns]));
  const feeds = { a: new Float32Array(rows * longest).fill(term), b: new Float32Array(longest * columns).fill(term) };
  const session =
    device === 'tensorflow'
      ? await TensorflowSession.create(lowerTensorflow({ product: { outputs: { y }, ...onTensorflow(precision) } }), { threads })
      : await OnnxSession.compile({ y }, { device, threads, wholly: keepsState(device) }, onOnnx(precision));
  const found = session instanceof TensorflowSession ? await session.call('product', feeds) : await session.run(feeds);
  await session.dispose();
  const expected = longest * term ** 2;
  // What is not a number is no small deviation: `max` would hide it.
  return found['y']!.reduce((worst, value) => {
    const deviation = Math.abs(value / expected - 1);
    return deviation <= worst ? worst : deviation;
  }, 0);
}
