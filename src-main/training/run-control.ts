// What a person asks of a running loop; the loop looks between two steps, and within one and within an evaluation whether to stop.
import { setImmediate as turn } from 'node:timers/promises';

/** Ends a piece of work that a stop does not wait for; no failure. */
export class GivenUp extends Error {}

/** Called between two pieces of work: rejects with `GivenUp` where the rest of it is not wanted any more. */
export type GoOn = () => Promise<void>;

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

  /** Ends the run with a checkpoint; a step or an evaluation in its middle is given up. */
  stop(): void {
    this.#state = 'stopping';
    this.#wake?.();
  }

  /** Resolves once the run is neither paused nor waiting. */
  async untilGoing(): Promise<void> {
    while (this.#state === 'pausing') await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
  }

  readonly goOn: GoOn = async () => {
    // What is asked comes as a message, and a device's calls may follow each other without one being read.
    await turn();
    if (this.stopping) throw new GivenUp('The run was asked to stop.');
  };
}
