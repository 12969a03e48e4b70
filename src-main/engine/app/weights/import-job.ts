// Weights become a run as work that is seen and can be given up, one at a time: two would hold two models in memory.
import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { AppError, fromWire } from '../../../../shared/errors.ts';
import { nodeArguments } from '../../../files/node-arguments.ts';
import { dropBegunRun } from '../../runs/import-weights.ts';
import type { BegunRun } from '../../runs/import-weights.ts';
import { bytesBelow } from '../../storage.ts';
import type { JobHandle } from '../jobs.ts';
import { rateMeter } from '../rate.ts';
import type { FromImport, ImportRequest } from './import-worker.ts';

export interface ImportedRun {
  readonly run: string;
  /** What a person should know, in sentences. */
  readonly notes: readonly string[];
}

const entry = new URL(`./import-worker${extname(import.meta.url)}`, import.meta.url);
/** Milliseconds between two looks at how much is written. */
const lookMs = 300;

const givenUp = (): AppError => new AppError('cancelled', 'The import was cancelled.', 'Start it again when you want it.');

/** Counts of bytes as the job's progress, from 0. */
function megabytesOf(handle: JobHandle): (done: number, total: number) => void {
  const meter = rateMeter();
  return (done, total) => {
    const [megabytes, all] = [Math.round(done / 1e6), Math.round(total / 1e6)];
    handle.progress({ done: megabytes, total: all, unit: 'megabytes', ...meter(megabytes, all) });
  };
}

/** Says how much of the run is on the disk until it is told to stop. */
function watchWriting(handle: JobHandle, { path, bytes }: BegunRun): () => void {
  handle.say('Writes the run.');
  const tell = megabytesOf(handle);
  tell(0, bytes);
  const timer = setInterval(() => void bytesBelow(join(path, 'checkpoints')).then((done) => tell(Math.min(done, bytes), bytes)), lookMs);
  return () => clearInterval(timer);
}

/** One import in a thread of its own. Rejects with what that throws, and with `cancelled`; then nothing is left of the run. */
async function importInThread(request: ImportRequest, handle: JobHandle): Promise<ImportedRun> {
  handle.say('Reads the weights.');
  const told = megabytesOf(handle);
  const worker = new Worker(entry, { workerData: request, execArgv: [...nodeArguments] });
  const abort = (): void => void worker.terminate();
  let begun: BegunRun | undefined;
  let end: Extract<FromImport, { type: 'ok' | 'fail' }> | undefined;
  let stopWatching = (): void => {};
  handle.signal.addEventListener('abort', abort, { once: true });
  try {
    end = await new Promise<typeof end>((resolve, reject) => {
      let last: typeof end;
      worker.on('message', (message: FromImport) => {
        if (message.type === 'read') told(message.done, message.total);
        else if (message.type === 'write') stopWatching = watchWriting(handle, (begun = message.begun));
        else last = message;
      });
      worker.on('error', reject);
      // After its last message, whatever ended it.
      worker.on('exit', () => resolve(last));
    });
  } finally {
    stopWatching();
    handle.signal.removeEventListener('abort', abort);
    // What failed by itself has tidied up.
    if (begun && (handle.signal.aborted || end === undefined)) dropBegunRun(begun);
  }
  if (handle.signal.aborted) throw givenUp();
  if (end?.type === 'ok') return end;
  if (end?.type === 'fail') throw fromWire(end.error);
  throw new AppError(
    'internal',
    'The thread that reads weights ended without an answer.',
    'Try again; if it happens again, please report it.',
  );
}

/** Imports one after the other. Rejects with what the reading of weights throws, and with `cancelled`. */
export class Imports {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  async take(request: ImportRequest, handle: JobHandle): Promise<ImportedRun> {
    if (this.#waiting++ > 0) handle.say('Waits for other weights to be imported.');
    const before = this.#last;
    const own = (async () => {
      const stopped = new Promise<void>((resolve) => handle.signal.addEventListener('abort', () => resolve(), { once: true }));
      await Promise.race([before, stopped]);
      if (handle.signal.aborted) throw givenUp();
      return importInThread(request, handle);
    })();
    // One that was cancelled while waiting is over before the one in front of it.
    this.#last = Promise.allSettled([before, own]);
    try {
      return await own;
    } finally {
      this.#waiting--;
    }
  }
}
