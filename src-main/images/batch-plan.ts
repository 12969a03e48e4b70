// Which images a step sees and how they are cropped: a pure function of (seed, step, place in the batch).
import { Random } from '../../shared/random.ts';
import type { Target } from './crop.ts';

/** What crops are made for. */
export interface StepTargets {
  readonly target: Target;
  /** Of the steps before `until`, whose crops are no larger. */
  readonly first?: { readonly until: number; readonly target: Target };
}

export const targetAt = ({ target, first }: StepTargets, step: number): Target => (first && step < first.until ? first.target : target);

/** Share of its pixels that the smallest of the smaller crops has at least: half of the size is a coarse look in any case. */
const coarse = 0.75;

/** Pixels along a side that any crop of a size is cut from at least, where it is one of the smaller ones of a first part or not. */
export const fewestPixels = (size: number, isSmaller: boolean): number => (isSmaller ? coarse : 1) * size;

/** Batches that are held: one in use, one made ahead, and one that its reader may not have let go of yet. */
export const slotCount = 3;

/** Values of one crop. */
export const cropValues = ({ size }: Target): number => size * size * 3;

/** Plans the order of a run: every image once per epoch, in an order of its own each epoch; a batch may span two epochs. */
export class BatchPlan {
  readonly #images: number;
  readonly #batch: number;
  readonly #seed: number;
  #epoch = -1;
  #order: Uint32Array = new Uint32Array(0);

  constructor(images: number, batch: number, seed: number) {
    this.#images = images;
    this.#batch = batch;
    this.#seed = seed;
  }

  /** Positions of the images of a step, [batch]. */
  rows(step: number): Uint32Array {
    return Uint32Array.from({ length: this.#batch }, (_, i) => {
      const place = step * this.#batch + i;
      const epoch = Math.floor(place / this.#images);
      if (epoch !== this.#epoch) {
        this.#order = new Random(this.#seed, 'shuffle', epoch).permutation(this.#images);
        this.#epoch = epoch;
      }
      return this.#order[place % this.#images]!;
    });
  }
}
