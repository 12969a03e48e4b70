// A pass on a device that has memory for a few images at once, said by a device of the test.
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.ts';
import type { ForwardPass } from './forward-pass.ts';
import { YieldingPass } from './yielding-pass.ts';

const full = new AppError('out-of-memory', 'The device ran out of memory.', 'Choose less.');
const lost = new AppError('device-failed', 'The graphics card was lost.', 'Try again.');

/** Doubles each image's number and adds the weight that is held; more than `most` images at once are too many, from some moment on. */
class Card {
  most = Infinity;
  /** Calls after which there is memory for one image alone. */
  narrowsAfter = Infinity;
  /** What it says where there are too many. */
  says: readonly AppError[] = [];
  /** Images at once of each pass that was compiled, and of each call that was made. */
  readonly compiled: number[] = [];
  readonly called: number[] = [];
  open = 0;
  failsToClose = false;

  #want(images: number): void {
    if (images <= this.most) return;
    const [now = full, ...later] = this.says;
    this.says = later;
    throw now;
  }

  readonly compile = async (images: number): Promise<ForwardPass> => {
    this.compiled.push(images);
    this.#want(images);
    this.open++;
    let held = 0;
    const pass: ForwardPass = {
      hold: async (weights) => Promise.resolve(void (held = weights['w']![0]!)),
      release: () => void (held = Number.NaN),
      run: async ({ x }) => {
        this.called.push(images);
        if (this.called.length > this.narrowsAfter) this.most = 1;
        this.#want(images);
        const values = x as Float32Array;
        if (values.length !== images) throw new RangeError('It is fed with another number of images.');
        return Promise.resolve({ y: values.map((value) => 2 * value + held), pair: Float32Array.from(values).map((value) => -value) });
      },
      dispose: async () => {
        if (this.failsToClose) throw lost;
        return Promise.resolve(void this.open--);
      },
    };
    return Promise.resolve(pass);
  };
}

const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => i + 1);

/** The images 1, 2, …; those that fill a call up are 99. */
async function passed(pass: YieldingPass, count: number): Promise<number[]> {
  const all = numbers(count);
  const { y, pair } = await pass.run(count, (from, to, images) => {
    const x = new Float32Array(images).fill(99);
    x.set(all.subarray(from, to));
    return { x };
  });
  expect([...pair!]).toEqual([...all].map((value) => -value));
  return [...y!];
}

const expected = (count: number, weight: number): number[] => [...numbers(count)].map((value) => 2 * value + weight);

describe('a device with memory for a few images at once', () => {
  it('has them in several calls, with the weights that are held, and what comes out is the same', async () => {
    const card = new Card();
    const pass = await YieldingPass.create(card.compile, 64);
    await pass.hold({ w: Float32Array.of(7) });
    expect(await passed(pass, 64)).toEqual(expected(64, 7));
    expect(await passed(pass, 5)).toEqual(expected(5, 7));
    card.most = 20;
    card.called.length = 0;
    expect(await passed(pass, 50)).toEqual(expected(50, 7));
    expect([pass.images, card.open, card.compiled]).toEqual([16, 1, [64, 32, 16]]);
    // Only what had to be is made again: no call is tried twice with as many.
    expect(card.called).toEqual([64, 16, 16, 16, 16]);
    await pass.hold({ w: Float32Array.of(1) });
    expect(await passed(pass, 33)).toEqual(expected(33, 1));
    await pass.dispose();
    expect(card.open).toBe(0);
  });

  it('may lack it when the pass is compiled, or in the middle of the images, of which those that passed are not made again', async () => {
    const card = new Card();
    card.most = 3;
    const pass = await YieldingPass.create(card.compile, 12);
    await pass.hold({ w: Float32Array.of(0) });
    expect([pass.images, card.compiled]).toEqual([3, [12, 6, 3]]);
    card.called.length = 0;
    card.narrowsAfter = 1;
    expect(await passed(pass, 8)).toEqual(expected(8, 0));
    expect(card.called).toEqual([3, 3, 1, 1, 1, 1, 1]);
  });

  it('is an error where there is none for one, and that error too where the device says another thing after it was full', async () => {
    const card = new Card();
    const pass = await YieldingPass.create(card.compile, 4);
    await pass.hold({ w: Float32Array.of(0) });
    card.most = 0;
    await expect(passed(pass, 4)).rejects.toBe(full);
    await expect(YieldingPass.create(card.compile, 4)).rejects.toBe(full);
    const other = new Card();
    const lostLater = await YieldingPass.create(other.compile, 4);
    other.most = 0;
    other.says = [full, lost];
    await expect(passed(lostLater, 4)).rejects.toBe(full);
    const stuck = new Card();
    const cannotClose = await YieldingPass.create(stuck.compile, 4);
    [stuck.most, stuck.failsToClose] = [0, true];
    await expect(passed(cannotClose, 4)).rejects.toBe(full);
  });

  it('is no device that fails otherwise, which is tried with no fewer', async () => {
    const card = new Card();
    const pass = await YieldingPass.create(card.compile, 4);
    card.most = 0;
    card.says = [lost];
    await expect(passed(pass, 4)).rejects.toBe(lost);
    expect([pass.images, card.compiled]).toEqual([4, [4]]);
  });
});
