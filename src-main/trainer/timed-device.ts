// A device of a step whose calls are timed: what a step takes beside them is this program's.
import type { StepDevice } from '../training/passes/step-device.ts';

export class TimedDevice implements StepDevice {
  readonly #device: StepDevice;
  #seconds = 0;

  constructor(device: StepDevice) {
    this.#device = device;
  }

  /** Spent in the device's calls so far. */
  get seconds(): number {
    return this.#seconds;
  }

  async #timed<T>(call: () => Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await call();
    } finally {
      this.#seconds += (performance.now() - began) / 1000;
    }
  }

  load: StepDevice['load'] = async (state) => this.#timed(async () => this.#device.load(state));
  accumulate: StepDevice['accumulate'] = async (parts, goOn) => this.#timed(async () => this.#device.accumulate(parts, goOn));
  pool: StepDevice['pool'] = async (parts, goOn) => this.#timed(async () => this.#device.pool(parts, goOn));
  couple: StepDevice['couple'] = async (feeds) => this.#timed(async () => this.#device.couple(feeds));
  update: StepDevice['update'] = async (schedule) => this.#timed(async () => this.#device.update(schedule));
  save: StepDevice['save'] = async () => this.#timed(async () => this.#device.save());
  dispose: StepDevice['dispose'] = async () => this.#device.dispose();

  get microBatch(): number {
    return this.#device.microBatch;
  }

  get isHome(): boolean {
    return this.#device.isHome;
  }
}
