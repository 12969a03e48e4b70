// Asks WebGPU for buffers of 1.6 GB, more than a card in software has, in a process of its own; prints the code of what is thrown each time,
// and what a small graph comes to afterwards.
import { AppError } from '../../../shared/errors.ts';
import { exp, multiply } from '../../tensor/elementwise.ts';
import { matmul } from '../../tensor/products.ts';
import { input, sumAll } from '../../tensor/structure.ts';
import { OnnxSession } from '../onnx-session.ts';

const side = 20_000;
const onCard = { device: 'webgpu', wholly: true } as const;
const large = matmul(input('a', [side, 1]), input('b', [1, side]));
const feeds = { a: new Float32Array(side), b: new Float32Array(side) };

async function codeOf(session: OnnxSession): Promise<string> {
  try {
    await session.runOnDevice(feeds);
    return 'none';
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
}

const bound = await OnnxSession.compile({ total: sumAll(large) }, onCard);
const read = await OnnxSession.compile({ y: exp(large) }, onCard);
const codes = { bound: await codeOf(bound), boundAgain: await codeOf(bound), read: await codeOf(read) };
const small = await OnnxSession.compile({ y: multiply(input('x', [2]), 2) }, onCard);
const { values } = await small.runOnDevice({ x: Float32Array.of(1, 2) });
process.stdout.write(JSON.stringify({ ...codes, after: [...values['y']!] }));
