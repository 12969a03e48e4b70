// The page's end: typed calls over any port.
import { AppError, fromWire } from '../errors.ts';
import type { Contract, EventOf, InputOf, OutputOf } from './channel.ts';
import type { EngineState, FromEngine, PagePort } from './messages.ts';
import { protocolVersion } from './protocol-version.ts';

export interface CallOptions<Event> {
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: Event) => void;
}

interface Pending {
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: AppError) => void;
  readonly onEvent: ((event: unknown) => void) | undefined;
}

/** What a person can expect in each state: a page that has lost its connection knows nothing of the engine. */
const hints: Readonly<Record<Exclude<EngineState, 'ready'>, string>> = {
  starting: 'The page connects again by itself: try it again then.',
  crashed: 'It is started again; a run goes on from its last checkpoint.',
  ended: 'Load the page again, or start the program again.',
};
const lost = (state: Exclude<EngineState, 'ready'>, reason: string): AppError =>
  new AppError('engine-crashed', `The engine ${reason}.`, hints[state]);
const closed = 'is no longer connected to this page';
/** Why the engine is `ended` for a page of another build. */
export const otherVersion = 'is of another version than this page: reload the page';

export class RpcClient<C extends Contract> {
  readonly #port: PagePort;
  readonly #pending = new Map<number, Pending>();
  readonly #watchers = new Set<(state: EngineState, reason: string | undefined) => void>();
  #ids = 0;
  #closed = false;
  /** Whether the engine is of another build: what this page sent or heard could mean something else there. */
  #stale = false;
  #state: EngineState = 'starting';
  #reason: string | undefined;

  constructor(port: PagePort) {
    this.#port = port;
    port.onMessage((message) => this.#receive(message));
    port.onClose(() => {
      this.#closed = true;
      this.#become('ended', closed);
    });
  }

  get state(): EngineState {
    return this.#state;
  }

  /** Called at once with the state as it is, and at every change; returns how to stop. */
  watch(watcher: (state: EngineState, reason: string | undefined) => void): () => void {
    this.#watchers.add(watcher);
    watcher(this.#state, this.#reason);
    return () => this.#watchers.delete(watcher);
  }

  #become(state: EngineState, reason: string | undefined): void {
    this.#state = state;
    this.#reason = reason;
    if (state !== 'ready') {
      const error = lost(state, reason ?? (state === 'crashed' ? 'ended unexpectedly' : 'is not there'));
      const pending = [...this.#pending.values()];
      this.#pending.clear();
      for (const one of pending) one.reject(error);
    }
    for (const watcher of this.#watchers) watcher(state, reason);
  }

  #receive(message: FromEngine): void {
    if (message.type === 'engine') {
      this.#stale = message.protocol !== protocolVersion;
      if (this.#stale) return this.#become('ended', otherVersion);
      return this.#become(message.state, message.reason);
    }
    // An answer to a call that was cancelled or lost is stale.
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    if (message.type === 'event') return pending.onEvent?.(message.event);
    this.#pending.delete(message.id);
    if (message.type === 'ok') pending.resolve(message.output);
    else pending.reject(fromWire(message.error));
  }

  /** Rejects with the engine's own error, `cancelled` after `signal`, or `engine-crashed`. */
  call<K extends keyof C & string>(
    channel: K,
    input: InputOf<C[K]>,
    { signal, onEvent }: CallOptions<EventOf<C[K]>> = {},
  ): Promise<OutputOf<C[K]>> {
    return new Promise((resolve, reject) => {
      const cancelled = (): AppError => new AppError('cancelled', 'Cancelled.', 'Start it again when you want it.');
      if (signal?.aborted) return reject(cancelled());
      if (this.#closed || this.#stale) return reject(lost('ended', this.#closed ? closed : otherVersion));
      const id = ++this.#ids;
      const abort = (): void => {
        if (!this.#pending.delete(id)) return;
        this.#port.send({ type: 'cancel', id });
        reject(cancelled());
      };
      signal?.addEventListener('abort', abort, { once: true });
      const settle =
        <T>(settled: (value: T) => void) =>
        (value: T): void => {
          signal?.removeEventListener('abort', abort);
          settled(value);
        };
      this.#pending.set(id, {
        resolve: settle((output: unknown) => resolve(output as OutputOf<C[K]>)),
        reject: settle(reject),
        onEvent: onEvent as ((event: unknown) => void) | undefined,
      });
      this.#port.send({ type: 'call', id, channel, input });
    });
  }
}
