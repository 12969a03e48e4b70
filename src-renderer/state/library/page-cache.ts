// Rows of a list that is too long to have, in pages: those in sight are asked for, those that went out of sight are given up, the latest
// are kept. Rows that are out of date are shown until the new ones are there.
import { AppError } from '../../../shared/errors.ts';

export interface Page<T> {
  readonly total: number;
  readonly rows: readonly T[];
}
export type FetchPage<T> = (offset: number, limit: number, signal: AbortSignal) => Promise<Page<T>>;

export interface PageCacheEvents {
  /** Rows or the total changed. */
  readonly onChange: () => void;
  /** Anything but a page that was given up. */
  readonly onError: (error: unknown) => void;
}

/** Rows of a page; pages that are kept. */
export const pageSize = 200;
const mostPages = 60;

export class PageCache<T> {
  readonly #fetch: FetchPage<T>;
  readonly #events: PageCacheEvents;
  /** The latest last. */
  readonly #pages = new Map<number, { readonly rows: readonly T[]; readonly round: number }>();
  readonly #asked = new Map<number, AbortController>();
  #round = 0;
  #shown: readonly [number, number] = [0, 0];
  #total: number | undefined;

  constructor(fetch: FetchPage<T>, events: PageCacheEvents) {
    this.#fetch = fetch;
    this.#events = events;
  }

  /** `undefined` until the first page is there. */
  get total(): number | undefined {
    return this.#total;
  }

  row(index: number): T | undefined {
    return this.#pages.get(Math.floor(index / pageSize))?.rows[index % pageSize];
  }

  /** Rows `first` … `last` are in sight. */
  show(first: number, last: number): void {
    this.#shown = [first, last];
    const [from, to] = [Math.floor(first / pageSize), Math.floor(Math.max(first, last) / pageSize)];
    for (const [page, controller] of this.#asked) {
      if (page >= from && page <= to) continue;
      controller.abort();
      this.#asked.delete(page);
    }
    for (let page = from; page <= to; page++) {
      const kept = this.#pages.get(page);
      if (kept) {
        this.#pages.delete(page);
        this.#pages.set(page, kept);
      }
      if (kept?.round !== this.#round && !this.#asked.has(page)) void this.#ask(page);
    }
  }

  /** All rows may have changed. */
  renew(): void {
    this.#round++;
    for (const controller of this.#asked.values()) controller.abort();
    this.#asked.clear();
    this.show(...this.#shown);
  }

  /** Gives up what is under way. */
  dispose(): void {
    for (const controller of this.#asked.values()) controller.abort();
    this.#asked.clear();
  }

  async #ask(page: number): Promise<void> {
    const controller = new AbortController();
    this.#asked.set(page, controller);
    const round = this.#round;
    try {
      const { total, rows } = await this.#fetch(page * pageSize, pageSize, controller.signal);
      if (controller.signal.aborted) return;
      this.#total = total;
      this.#pages.delete(page);
      this.#pages.set(page, { rows, round });
      for (const old of [...this.#pages.keys()].slice(0, Math.max(0, this.#pages.size - mostPages))) this.#pages.delete(old);
      this.#events.onChange();
    } catch (error) {
      if (!controller.signal.aborted && !(error instanceof AppError && error.code === 'cancelled')) this.#events.onError(error);
    } finally {
      if (this.#asked.get(page) === controller) this.#asked.delete(page);
    }
  }
}
