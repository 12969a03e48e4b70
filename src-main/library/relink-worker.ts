// Entry of the thread that follows a moved folder: one transaction over all its rows would hold up whoever else asks the engine.
import { parentPort, workerData } from 'node:worker_threads';
import { toWire } from '../../shared/errors.ts';
import type { WireError } from '../../shared/errors.ts';
import { openLibrary } from './library.ts';
import { relink } from './relink.ts';
import type { RelinkResult } from './relink.ts';

export interface RelinkTask {
  readonly directory: string;
  readonly oldRoot: string | number;
  readonly newRoot: string;
  readonly trustTimes: boolean;
}
export type RelinkMessage =
  | { readonly done: number; readonly total: number }
  | { readonly result: RelinkResult }
  | { readonly error: WireError };

/** Milliseconds between two words on how far it is. */
const pause = 100;

const { directory, oldRoot, newRoot, trustTimes } = workerData as RelinkTask;
const stop = new AbortController();
parentPort!.once('message', () => stop.abort());
let said = 0;

function progress(done: number, total: number): void {
  if (performance.now() - said < pause && done !== total) return;
  said = performance.now();
  parentPort!.postMessage({ done, total } satisfies RelinkMessage);
}

async function work(): Promise<RelinkMessage> {
  const library = openLibrary(directory, 'beside');
  try {
    return { result: await relink(library, oldRoot, newRoot, { signal: stop.signal, trustTimes, progress }) };
  } finally {
    library.dispose();
  }
}

const message = await work().catch((error: unknown): RelinkMessage => ({ error: toWire(error) }));
parentPort!.postMessage(message);
parentPort!.close();
