// One search and its results: two stand side by side when sets of vectors are compared.
import type { InputOf } from '../../../shared/contract/channel.ts';
import type { SearchResult } from '../../../shared/contract/contract-explore.ts';
import type { AppContract } from '../../../shared/contract/contract.ts';
import type { RpcClient } from '../../../shared/contract/rpc-client.ts';

export type SearchInput = InputOf<AppContract['explore.search']>;

/** While a slider moves, a search waits this long for it to rest. */
const restMilliseconds = 120;
/** An answer that comes sooner needs no word that it is on its way: that would only flash, and be drawn twice. */
const noticedMilliseconds = 200;

export class SearchColumn {
  readonly #client: RpcClient<AppContract>;
  #asked = '';
  #latest: SearchInput | undefined;
  #vectors = '';
  #controller: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #noticed: ReturnType<typeof setTimeout> | undefined;
  #result = $state.raw<SearchResult | undefined>(undefined);
  #error = $state.raw<unknown>(undefined);
  #busy = $state.raw(false);
  #milliseconds = $state.raw(0);

  constructor(client: RpcClient<AppContract>) {
    this.#client = client;
  }

  /** The last answer; it stays while the next one is on its way. */
  get result(): SearchResult | undefined {
    return this.#result;
  }
  get error(): unknown {
    return this.#error;
  }
  /** Whether an answer lets itself be waited for. */
  get busy(): boolean {
    return this.#busy;
  }
  /** From the question to the answer, the way there and back included. */
  get milliseconds(): number {
    return this.#milliseconds;
  }

  /**
   * Asks what is to be shown, unless it was asked already of the same vectors, which `vectors` tells from others; nothing to ask clears
   * it.
   */
  follow(input: SearchInput | undefined, vectors = ''): void {
    const asked = input ? JSON.stringify([input, vectors]) : '';
    if (asked === this.#asked) return;
    const before = this.#latest;
    const isWaitedFor = this.#busy;
    this.stop();
    this.#asked = asked;
    this.#latest = input;
    this.#vectors = vectors;
    if (!input) {
      this.#result = undefined;
      this.#error = undefined;
      return;
    }
    this.#busy = isWaitedFor;
    this.#noticed = setTimeout(() => (this.#busy = true), noticedMilliseconds);
    if (before?.hideAbove !== undefined && input.hideAbove !== undefined && before.hideAbove !== input.hideAbove)
      this.#timer = setTimeout(() => void this.#search(input), restMilliseconds);
    else void this.#search(input);
  }

  /** Gives up what is under way; the next `follow` asks again. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#controller?.abort();
    this.#controller = undefined;
    this.#asked = '';
    this.#rest();
  }

  #rest(): void {
    clearTimeout(this.#noticed);
    this.#busy = false;
  }

  retry(): void {
    const input = this.#latest;
    this.stop();
    this.follow(input, this.#vectors);
  }

  async #search(input: SearchInput): Promise<void> {
    const own = (this.#controller = new AbortController());
    const began = performance.now();
    try {
      const result = await this.#client.call('explore.search', input, { signal: own.signal });
      if (own !== this.#controller) return;
      this.#result = result;
      this.#error = undefined;
      this.#milliseconds = performance.now() - began;
    } catch (error) {
      if (own !== this.#controller) return;
      this.#result = undefined;
      this.#error = error;
    }
    this.#rest();
  }
}
