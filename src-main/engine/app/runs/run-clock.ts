// How long a run has worked, without its pauses, and how long it still will.

/** Steps and seconds before a time left is more than a guess: the first steps are slower. */
const warmupSteps = 5;
const warmupSeconds = 2;

export class RunClock {
  readonly #before: number;
  readonly #work: (step: number) => number;
  readonly #now: () => number;
  #since: number;
  #paused: number | undefined;
  #first: { readonly done: number; readonly seconds: number } | undefined;

  /**
   * `before`: seconds of earlier sessions; `work`: how much is done at a step, in steps of the run's average size; `now` in milliseconds, on
   * the wall: what was slept is taken off.
   */
  constructor(before = 0, work: (step: number) => number = (step) => step, now: () => number = () => Date.now()) {
    this.#before = before;
    this.#work = work;
    this.#now = now;
    this.#since = now();
  }

  /** Seconds of work since the run began. */
  get seconds(): number {
    return this.#before + ((this.#paused ?? this.#now()) - this.#since) / 1000;
  }

  pause(): void {
    this.#paused ??= this.#now();
  }

  goOn(): void {
    if (this.#paused === undefined) return;
    this.#since += this.#now() - this.#paused;
    this.#paused = undefined;
  }

  /** The computer slept so many seconds of the time since the last step. */
  slept(seconds: number): void {
    this.#since = Math.min(this.#since + 1000 * seconds, this.#now());
  }

  /** Notes a step; seconds until the last of `steps`, evaluations so far counted in, once enough was seen. */
  step(step: number, steps: number): number | undefined {
    const { seconds } = this;
    const done = this.#work(step);
    this.#first ??= { done, seconds };
    const [more, took] = [done - this.#first.done, seconds - this.#first.seconds];
    return more >= warmupSteps && took >= warmupSeconds ? (took / more) * (steps - done) : undefined;
  }
}
