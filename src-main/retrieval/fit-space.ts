// Fits a space without holding up the thread that asks: a whitening of 20,000 vectors takes seconds, in which the engine must answer.
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { AppError, fromWire } from '../../shared/errors.ts';
import { fitSpace, type SpaceKind, type SpaceOptions, type SpaceTransform } from '../evaluation/spaces.ts';
import { nodeArguments } from '../files/node-arguments.ts';
import type { FitReply, FitRequest } from './fit-space-worker.ts';

/** Multiplications (about) that are done at once rather than on a thread, which takes a tenth of a second to start. */
const littleWork = 2e7;

/** As `fitSpace`, on a thread of its own where it is much work; `vectors` [N, dimension] are given away. Rejects with what `fitSpace` throws. */
export async function fitSpaceAside(
  kind: SpaceKind,
  vectors: Float32Array<ArrayBuffer>,
  dimension: number,
  options: SpaceOptions = {},
): Promise<SpaceTransform> {
  const side = Math.min(dimension, vectors.length / dimension);
  if (kind !== 'whitened' || vectors.length * dimension + 10 * side ** 3 < littleWork) return fitSpace(kind, vectors, dimension, options);
  const workerData: FitRequest = { kind, vectors, dimension, options };
  const worker = new Worker(new URL(`./fit-space-worker${extname(import.meta.url)}`, import.meta.url), {
    workerData,
    transferList: [vectors.buffer],
    name: 'fit-space',
    execArgv: [...nodeArguments],
  });
  return new Promise((resolve, reject) => {
    const failed = (how: string): void => reject(new AppError('internal', `The space could not be fitted: ${how}`, 'Try again.'));
    worker.once('message', (reply: FitReply) => {
      if (reply.ok) resolve(reply.space);
      else reject(fromWire(reply.error));
    });
    worker.once('error', (error) => failed(String(error)));
    worker.once('exit', () => failed('its thread has ended.'));
  });
}
