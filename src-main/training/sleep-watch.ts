// Tells that the computer slept in the middle of work: much time has passed on the wall in which this process did next to nothing. The
// monotonic clock does not tell: it stands still meanwhile on Linux and goes on elsewhere.

/** Less is no sleep that anybody would want to read about. */
const leastSeconds = 60;
/** Share of the time that work keeps at least one core busy, however slow the device or disk that it waits for. */
const idleShare = 0.05;

export interface Clocks {
  /** Milliseconds on the wall. */
  wall(): number;
  /** Microseconds of processor time of this process. */
  processor(): number;
}

const systemClocks: Clocks = {
  wall: () => Date.now(),
  processor: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
};

export class SleepWatch {
  readonly #clocks: Clocks;
  #wall: number;
  #processor: number;

  constructor(clocks: Clocks = systemClocks) {
    this.#clocks = clocks;
    this.#wall = clocks.wall();
    this.#processor = clocks.processor();
  }

  /** Seconds that the computer slept since the last call, 0 for none; `waitedMs` of them the work is known to have waited. */
  lap(waitedMs = 0): number {
    const [wall, processor] = [this.#clocks.wall(), this.#clocks.processor()];
    const seconds = (wall - this.#wall - waitedMs) / 1000;
    const busy = (processor - this.#processor) / 1e6;
    this.#wall = wall;
    this.#processor = processor;
    return seconds >= leastSeconds && busy < idleShare * seconds ? seconds : 0;
  }
}
