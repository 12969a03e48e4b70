// How far an evaluation is and how long it will still take. Pictures are counted; how long the figures of a source take (its spaces and
// linear probes) is known after the first, and the others' take about as long.
import type { EvaluationProgress } from '../../../trainer/protocol.ts';
import type { Rate } from '../rate.ts';
import { rateMeter } from '../rate.ts';

export class EvaluationClock {
  readonly #now: () => number;
  #meter: ReturnType<typeof rateMeter>;
  #last: EvaluationProgress | undefined;
  /** Pictures per second of the encoder while it looked at them last. */
  #rate = 0;
  /** When the figures of this source were begun, and seconds that those of the first took. */
  #since: number | undefined;
  #figureSeconds: number | undefined;

  /** `now` in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#meter = rateMeter(now);
  }

  hear(progress: EvaluationProgress): void {
    if (progress.part === 'figures') this.#since ??= this.#now();
    else if (this.#since !== undefined) {
      this.#figureSeconds ??= (this.#now() - this.#since) / 1000;
      this.#since = undefined;
    }
    // The figures of the source before took none.
    if (progress.source !== this.#last?.source) this.#meter = rateMeter(this.#now);
    const { rate } = this.#meter(progress.done, progress.total);
    // Raw pixels pass many times as quickly, and say nothing of the encoder.
    if (progress.part === 'pictures' && progress.source < progress.sources - 1 && rate > 0) this.#rate = rate;
    this.#last = progress;
  }

  /** As it is at this moment. */
  get progress(): Rate & { readonly done: number; readonly total: number } {
    if (!this.#last) return { done: 0, total: 0, rate: 0 };
    const { source, sources, part, done, total } = this.#last;
    const known = { done, total, rate: part === 'pictures' ? this.#rate : 0 };
    const each = this.#figureSeconds;
    if (each === undefined) return known;
    const figures = this.#since === undefined ? each : Math.max(0, each - (this.#now() - this.#since) / 1000);
    // The last source is raw pixels: no encoder looks at them.
    const pictures = source < sources - 1 && part === 'pictures' ? Math.max(0, ((source + 1) / sources) * total - done) : 0;
    return { ...known, secondsLeft: figures + (sources - 1 - source) * each + (this.#rate > 0 ? pictures / this.#rate : 0) };
  }
}
