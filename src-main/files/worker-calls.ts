// Questions to a thread, which is started when it is first asked and again when it has died.
import { Worker } from 'node:worker_threads';
import { AppError, fromWire } from '../../shared/errors.ts';
import type { WireError } from '../../shared/errors.ts';
import { nodeArguments } from './node-arguments.ts';

/** What the thread posts for `{ id, request }`. */
export type WorkerAnswer = { readonly id: number } & ({ readonly result: unknown } | { readonly error: WireError });

interface Asked {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Milliseconds that a call may take after nobody waits for it any more; then its thread, which cannot be asked to stop, is ended. */
const patienceMs = 300;

export class WorkerCalls<Request, Result> {
  readonly #entry: URL;
  readonly #asked = new Map<number, Asked>();
  #worker: Worker | undefined;
  #ids = 0;
  #disposed = false;

  constructor(entry: URL) {
    this.#entry = entry;
  }

  get isStarted(): boolean {
    return this.#worker !== undefined;
  }

  /** Starts the thread where there is none. */
  start(): void {
    if (!this.#disposed) this.#worker ??= this.#make();
  }

  #make(): Worker {
    const worker = new Worker(this.#entry, { execArgv: [...nodeArguments] });
    worker.on('message', (answer: WorkerAnswer) => {
      const asked = this.#asked.get(answer.id);
      this.#asked.delete(answer.id);
      if ('error' in answer) asked?.reject(fromWire(answer.error));
      else asked?.resolve(answer.result);
    });
    worker.on('error', (error) => this.#lost(worker, error));
    worker.on('exit', () => this.#lost(worker, new AppError('cancelled', 'The thread was ended.', 'Try again.')));
    return worker;
  }

  #lost(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { reject } of asked) reject(error);
  }

  /** Ends the thread, and with it all that it was asked. */
  #end(worker: Worker): void {
    this.#lost(worker, new AppError('cancelled', 'It was given up.', 'Ask again when you want it.'));
    void worker.terminate();
  }

  /** Rejects with what the thread throws, and with its end. After `signal` the thread is ended, should it not answer soon. */
  async call(request: Request, signal?: AbortSignal): Promise<Result> {
    if (this.#disposed) throw new AppError('cancelled', 'The program is ending.', 'Start it again.');
    const worker = (this.#worker ??= this.#make());
    const id = ++this.#ids;
    let late: NodeJS.Timeout | undefined;
    const abort = (): void => void (late = setTimeout(() => this.#end(worker), patienceMs));
    try {
      return await new Promise((resolve, reject) => {
        this.#asked.set(id, { resolve: (result) => resolve(result as Result), reject });
        worker.ref();
        signal?.addEventListener('abort', abort, { once: true });
        worker.postMessage({ id, request });
      });
    } finally {
      // A thread without a question keeps no process alive.
      if (this.#asked.size === 0) worker.unref();
      clearTimeout(late);
      signal?.removeEventListener('abort', abort);
    }
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await this.#worker?.terminate();
  }
}
