// As library-map.ts, on a thread of its own.
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { AppError, fromWire } from '../../../shared/errors.ts';
import { nodeArguments } from '../../files/node-arguments.ts';
import type { MapMessage, MapTask } from './map-worker.ts';

export interface DrawMapOptions {
  readonly signal?: AbortSignal;
  /** Share of the work that is done, 0 to 1. */
  readonly onShare?: (share: number) => void;
}

const cancelled = (): AppError => new AppError('cancelled', 'The map was not drawn to its end.', 'Draw it again when you want it.');

/** Places of the rows [n, 2], in a square from −1 to 1. Rejects with `cancelled`, `out-of-memory`, and what reading vectors throws. */
export async function drawMap(task: MapTask, { signal, onShare = () => undefined }: DrawMapOptions = {}): Promise<Float32Array> {
  if (signal?.aborted === true) throw cancelled();
  const worker = new Worker(new URL(`./map-worker${extname(import.meta.url)}`, import.meta.url), {
    workerData: task,
    name: 'map',
    execArgv: [...nodeArguments],
  });
  const { promise, resolve, reject } = Promise.withResolvers<Float32Array>();
  const stop = (): void => reject(cancelled());
  signal?.addEventListener('abort', stop);
  worker.on('message', (message: MapMessage) => {
    if ('share' in message) onShare(message.share);
    else if ('places' in message) resolve(message.places);
    else reject(fromWire(message.error));
  });
  const failed = (how: string): void => reject(new AppError('internal', `The map could not be drawn: ${how}`, 'Draw it again.'));
  worker.on('error', (error) => failed(String(error)));
  worker.on('exit', () => failed('its thread has ended.'));
  try {
    return await promise;
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.terminate();
  }
}
