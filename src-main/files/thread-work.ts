// One piece of work on a thread of its own, which tells how far it is. It may be busy all the time: to be given up is to be ended.
import { Worker } from 'node:worker_threads';
import { AppError, fromWire } from '../../shared/errors.ts';
import type { WireError } from '../../shared/errors.ts';
import { nodeArguments } from './node-arguments.ts';

/** What the thread posts: how far it is, from 0 to 1, and then its result or why there is none. */
export type ThreadMessage<Result> = { readonly share: number } | { readonly result: Result } | { readonly error: WireError };

export interface ThreadOptions {
  readonly name: string;
  /** Ends the thread. */
  readonly signal?: AbortSignal | undefined;
  /** Of the work that is done, 0 to 1. */
  readonly progress?: ((share: number) => void) | undefined;
  /** Given away to the thread. */
  readonly transfer?: readonly ArrayBuffer[];
}

/** The result of the thread at `entry`, which gets `workerData`. Rejects with what it throws, `internal` when it dies, `cancelled` after `signal`. */
export async function onThread<Result>(entry: URL, workerData: unknown, options: ThreadOptions): Promise<Result> {
  const { name, signal, progress, transfer = [] } = options;
  const cancelled = (): AppError => new AppError('cancelled', 'It was cancelled.', 'Start it again when you want it.');
  if (signal?.aborted === true) throw cancelled();
  const worker = new Worker(entry, { workerData, transferList: [...transfer], name, execArgv: [...nodeArguments] });
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const failed = (how: string): void => reject(new AppError('internal', `The thread “${name}” has failed: ${how}`, 'Try again.'));
  const abort = (): void => reject(cancelled());
  signal?.addEventListener('abort', abort);
  worker.on('message', (message: ThreadMessage<Result>) => {
    if ('share' in message) progress?.(message.share);
    else if ('result' in message) resolve(message.result);
    else reject(fromWire(message.error));
  });
  worker.on('error', (error) => failed(String(error)));
  worker.on('exit', () => failed('it has ended.'));
  try {
    return await promise;
  } finally {
    signal?.removeEventListener('abort', abort);
    await worker.terminate();
  }
}
