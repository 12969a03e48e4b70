// What happens in a run, for those who look at it: steps at most four times a second, the latest of them; everything else at once and
// in its order.
import type { RunEvent } from '../../../../shared/contract/contract-runs.ts';

const pauseMs = 250;

type Listener = (event: RunEvent) => void;

export class RunFeed {
  readonly #listeners = new Set<Listener>();
  #step: RunEvent | undefined;
  #sentAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  /** Calls with what happens from now on; returns how to stop. */
  watch(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get watched(): boolean {
    return this.#listeners.size > 0;
  }

  post(event: RunEvent): void {
    if (event.type !== 'step') {
      this.#flush();
      this.#send(event);
      return;
    }
    this.#step = event;
    this.#timer ??= setTimeout(() => this.#flush(), Math.max(0, this.#sentAt + pauseMs - performance.now()));
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#step) return;
    const step = this.#step;
    [this.#step, this.#sentAt] = [undefined, performance.now()];
    this.#send(step);
  }

  #send(event: RunEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
