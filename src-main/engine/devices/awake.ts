// What is measured while the computer falls asleep: on the wall, and on some systems on every clock, time goes on meanwhile, and a card may be
// lost by it. None of that tells anything of a device.

/** Ticks of a timer stand still while the computer sleeps; the clock of a longer timer does not everywhere. */
const tickMs = 1_000;
/** So much later than it should, a tick of a process that answers at all times comes from a computer that slept, or a program that was halted. */
const leastSleepMs = 10_000;
/** Measurements in a row that may be disturbed before the last is taken for what it is. */
const mostTries = 3;

export class AwakeClock {
  readonly #timer: NodeJS.Timeout;
  #awakeMs = 0;
  #tickedAt = Date.now();
  #hasSlept = false;

  /** `onTick` is told every second how many milliseconds the computer has been awake. */
  constructor(onTick: (awakeMs: number) => void = () => {}) {
    this.#timer = setInterval(() => {
      this.#look();
      this.#awakeMs += tickMs;
      onTick(this.#awakeMs);
    }, tickMs);
  }

  #look(): void {
    const now = Date.now();
    this.#hasSlept ||= now - this.#tickedAt > tickMs + leastSleepMs;
    this.#tickedAt = now;
  }

  /** Whether the computer has slept since this was made; also where the timer has not ticked yet since it woke up. */
  get hasSlept(): boolean {
    this.#look();
    return this.#hasSlept;
  }

  dispose(): void {
    clearInterval(this.#timer);
  }
}

/** What `work` finds, which is done once more where the computer has slept in the middle of it, and whether it has even then, the third time. */
export async function foundAwake<T>(work: () => Promise<T>): Promise<{ readonly found: T; readonly hasSlept: boolean }> {
  for (let tries = 1; ; tries++) {
    const clock = new AwakeClock();
    try {
      const found = await work();
      const { hasSlept } = clock;
      if (!hasSlept || tries === mostTries) return { found, hasSlept };
    } finally {
      clock.dispose();
    }
  }
}
