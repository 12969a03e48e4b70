// Tells when steps wait too long for their batches. Pure.

/** Batches after a start, or after a thread was added, whose waiting tells nothing yet: it has to start, and to catch up. */
const settling = 8;
/** What a judgement needs at least, batches and milliseconds. */
const [batches, milliseconds] = [16, 1000];
/** Share of the time that may pass with waiting. */
const bearable = 0.1;

export class WaitWatch {
  #batches = 0;
  #began = 0;
  #waited = 0;

  /** Whether the waiting of the last batches calls for one more thread; asked with each batch, `now` and its wait in milliseconds. */
  isShort(now: number, waited: number): boolean {
    this.#batches++;
    if (this.#batches <= settling) {
      [this.#began, this.#waited] = [now, 0];
      return false;
    }
    this.#waited += waited;
    if (this.#batches < settling + batches || now - this.#began < milliseconds) return false;
    const short = this.#waited > bearable * (now - this.#began);
    // After a thread was added it settles anew; else the next batches are judged.
    [this.#batches, this.#began, this.#waited] = [short ? 0 : settling, now, 0];
    return short;
  }
}
