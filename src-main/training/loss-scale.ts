// Dynamic loss scaling (Micikevicius et al. 2018, §3.2): the cotangents of a step in float16 are multiplied by a power of two, so that
// small ones are not rounded to 0, and what comes out is divided by it. Powers of two round nothing.

/** As large as may be: the first steps find out what overflows, and nothing is lost by it. */
const first = 2 ** 16;
const largest = 2 ** 24;
/** Steps without overflow after which twice as much is tried. */
const growEvery = 2000;

export class LossScale {
  #value = first;
  #steps = 0;

  get value(): number {
    return this.#value;
  }

  /** A step went well. */
  kept(): void {
    this.#steps++;
    if (this.#steps < growEvery) return;
    this.#steps = 0;
    this.#value = Math.min(largest, 2 * this.#value);
  }

  /** A step overflowed; whether it is worth making again, with half as much. */
  overflowed(): boolean {
    this.#steps = 0;
    if (this.#value <= 1) return false;
    this.#value /= 2;
    return true;
  }

  /** What overflows at any scale is not for it to mend: it goes back to what it was before that step. */
  restore(value: number): void {
    this.#value = value;
  }
}
