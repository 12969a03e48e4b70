// Work that is asked for faster than it can be done, as by a scroll bar: what was asked for last is done first, and what nobody waits for
// any more is never begun.
import { AppError } from '../../../../shared/errors.ts';

interface Caller<T> {
  readonly resolve: (result: T) => void;
  readonly reject: (error: unknown) => void;
}

interface Waiting<T> {
  readonly work: (signal: AbortSignal) => Promise<T>;
  readonly stop: AbortController;
  readonly callers: Set<Caller<T>>;
}

const cancelled = (): AppError => new AppError('cancelled', 'Cancelled.', 'Ask again when you want it.');

export class NewestFirst<T> {
  readonly #atOnce: number;
  readonly #waiting = new Map<string, Waiting<T>>();
  readonly #running = new Map<string, Waiting<T>>();
  /** Keys in the order of asking; one that does not wait any more is passed over. */
  #asked: string[] = [];
  #busy = 0;

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Work that waits or runs. */
  get size(): number {
    return this.#waiting.size + this.#running.size;
  }

  /** The result of `work`, shared by all who ask for the same key. Rejects with `cancelled` after `signal`; `work` is told when all are gone. */
  async run(key: string, work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (signal?.aborted === true) throw cancelled();
    return new Promise((resolve, reject) => {
      const known = this.#running.get(key) ?? this.#waiting.get(key);
      const item: Waiting<T> = known ?? { work, stop: new AbortController(), callers: new Set() };
      const abort = (): void => {
        if (item.callers.delete(caller)) reject(cancelled());
        if (item.callers.size > 0) return;
        item.stop.abort();
        if (this.#waiting.get(key) === item) this.#waiting.delete(key);
        // Whoever asks from now on must not get the end of this one.
        if (this.#running.get(key) === item) this.#running.delete(key);
      };
      const caller: Caller<T> = {
        resolve: (result) => {
          signal?.removeEventListener('abort', abort);
          resolve(result);
        },
        reject: (error) => {
          signal?.removeEventListener('abort', abort);
          reject(error);
        },
      };
      item.callers.add(caller);
      signal?.addEventListener('abort', abort, { once: true });
      if (this.#running.has(key)) return;
      this.#waiting.set(key, item);
      this.#asked.push(key);
      // What is cancelled in the same turn is not begun.
      setImmediate(() => this.#begin());
    });
  }

  #begin(): void {
    if (this.#waiting.size === 0) this.#asked = [];
    while (this.#busy < this.#atOnce && this.#waiting.size > 0) {
      const key = this.#asked.pop()!;
      const item = this.#waiting.get(key);
      if (!item) continue;
      this.#waiting.delete(key);
      this.#running.set(key, item);
      void this.#perform(key, item);
    }
  }

  async #perform(key: string, item: Waiting<T>): Promise<void> {
    this.#busy++;
    const settle = await item.work(item.stop.signal).then(
      (result) => (caller: Caller<T>) => caller.resolve(result),
      (error: unknown) => (caller: Caller<T>) => caller.reject(error),
    );
    this.#busy--;
    if (this.#running.get(key) === item) this.#running.delete(key);
    for (const caller of item.callers) settle(caller);
    item.callers.clear();
    this.#begin();
  }
}
