// As relink.ts, on a thread of its own.
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { AppError, fromWire } from '../../shared/errors.ts';
import { nodeArguments } from '../files/node-arguments.ts';
import type { Library } from './library.ts';
import type { RelinkMessage, RelinkTask } from './relink-worker.ts';
import type { RelinkOptions, RelinkResult } from './relink.ts';

/** As `relink`, of a library that is open for writing here; others are answered meanwhile. Throws as that. */
export async function relinkOnThread(
  library: Library,
  oldRoot: string | number,
  newRoot: string,
  { signal, trustTimes = false, progress }: RelinkOptions = {},
): Promise<RelinkResult> {
  const workerData: RelinkTask = { directory: library.directory, oldRoot, newRoot, trustTimes };
  const worker = new Worker(new URL(`./relink-worker${extname(import.meta.url)}`, import.meta.url), {
    workerData,
    execArgv: [...nodeArguments],
  });
  const abort = (): void => worker.postMessage('stop');
  if (signal?.aborted === true) abort();
  signal?.addEventListener('abort', abort);
  try {
    return await new Promise<RelinkResult>((resolve, reject) => {
      worker.on('message', (message: RelinkMessage) => {
        if ('done' in message) progress?.(message.done, message.total);
        else if ('result' in message) resolve(message.result);
        else reject(fromWire(message.error));
      });
      worker.on('error', reject);
      worker.on('exit', () => reject(new AppError('cancelled', 'The thread was ended.', 'Start it again: nothing was changed.')));
    });
  } finally {
    signal?.removeEventListener('abort', abort);
    await worker.terminate();
  }
}
