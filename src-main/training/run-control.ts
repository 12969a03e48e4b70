// What a person asks of a running loop; the loop looks between two steps.

export class RunControl {
  #state: 'going' | 'pausing' | 'stopping' = 'going';
  #wake: (() => void) | undefined;

  get pausing(): boolean {
    return this.#state === 'pausing';
  }

  get stopping(): boolean {
    return this.#state === 'stopping';
  }

  pause(): void {
    if (this.#state === 'going') this.#state = 'pausing';
  }

  resume(): void {
    if (this.#state === 'pausing') this.#state = 'going';
    this.#wake?.();
  }

  /** Ends the run after the current step, with a checkpoint. */
  stop(): void {
    this.#state = 'stopping';
    this.#wake?.();
  }

  /** Resolves once the run is neither paused nor waiting. */
  async untilGoing(): Promise<void> {
    while (this.#state === 'pausing') await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
  }
}
