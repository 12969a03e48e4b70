// The search for the rate of a device, on devices that are a formula, and on this processor.
import { describe, expect, it } from 'vitest';
import type { Precision } from '../../shared/devices.ts';
import { AppError } from '../../shared/errors.ts';
import { operationsOfChain } from './product-chain.ts';
import type { Chain } from './product-chain.ts';
import { bestRate, cardChains, fitting, productRate } from './product-rate.ts';

/** Seconds of a call on a device of so many GFLOP/s that takes some of them for the call and for each product, whatever their size. */
const device =
  (rate: number, { call = 0, product = 0 } = {}) =>
  (chain: Chain): number =>
    call + chain.products * product + operationsOfChain(chain) / rate / 1e9;

async function search(seconds: (chain: Chain) => number, fits: (chain: Chain) => boolean = () => true) {
  const tried: Chain[] = [];
  const found = await bestRate(
    cardChains,
    async (chain) => {
      tried.push(chain);
      return Promise.resolve(seconds(chain));
    },
    fits,
  );
  // One call more warms each size up, and two are timed at least.
  return { ...found, tried, waited: 3 * tried.reduce((sum, chain) => sum + seconds(chain), 0) };
}

const full = new AppError('out-of-memory', 'The device ran out of memory.', 'Close something.');

describe('the rate of bare products', () => {
  it('is nearly all that a card can do, which a call of one small product is far from', async () => {
    for (const peak of [5_000, 50_000, 500_000]) {
      const card = device(peak, { call: 2e-3, product: 1e-5 });
      const { rate, waited } = await search(card);
      expect(rate).toBeGreaterThan(0.8 * peak);
      expect(rate).toBeLessThan(peak);
      expect(waited).toBeLessThan(3);
      const small = { side: 1024, products: 1 };
      expect(operationsOfChain(small) / card(small) / 1e9).toBeLessThan(0.22 * peak);
    }
  });

  it('is found within seconds on the slowest device, and is what any size gives where that makes no difference', async () => {
    for (const rate of [0.05, 1, 30, 100, 400]) {
      const found = await search(device(rate));
      expect(found.rate).toBeCloseTo(rate, 6);
      expect(found.waited).toBeLessThan(3);
    }
    expect((await search(device(1))).tried.map(({ side }) => side)).toEqual([128, 256]);
  });

  it('is the best of the sizes that fit, and of those that the device does not fail at', async () => {
    const card = device(50_000, { call: 2e-3 });
    const { side, tried } = await search(card, (chain) => chain.side <= 2048);
    expect([side, tried.at(-1)!.side]).toEqual([2048, 2048]);
    const failing = (chain: Chain): number => {
      if (chain.side >= 2048) throw full;
      return card(chain);
    };
    const few = await bestRate(
      cardChains,
      async (chain) => Promise.resolve(chain).then(failing),
      () => true,
    );
    expect(few).toEqual({ side: 1024, rate: operationsOfChain({ side: 1024, products: 8 }) / card({ side: 1024, products: 8 }) / 1e9 });
    const none = async (): Promise<number> => Promise.reject(full);
    await expect(bestRate(cardChains, none, () => true)).rejects.toBe(full);
    // What is no fault of the device is one of this program.
    let calls = 0;
    const broken = async (chain: Chain): Promise<number> => (calls++ > 0 ? Promise.reject(new TypeError('a mistake')) : card(chain));
    await expect(bestRate(cardChains, broken, () => true)).rejects.toThrow('a mistake');
  });

  it('is tried with no larger matrices than memory holds, where each has a copy in reduced precision', () => {
    const largest = (free: number, precision: Precision = 'float32'): number =>
      cardChains.filter(fitting({ device: 'webgpu', precision, threads: 1 }, free)).at(-1)!.side;
    // The matrix and two powers of it are 805 MB at 8,192, a quarter of that at 4,096.
    expect([3e9, 1e9, 9e8, 3e8, 1e8].map((free) => largest(free))).toEqual([8192, 8192, 4096, 4096, 2048]);
    expect(largest(1e9, 'float16')).toBe(4096);
  });

  it('of a processor is that of one product, as it always was', async () => {
    const { rate, side } = await productRate({ threads: 1 });
    expect(side).toBe(1024);
    expect(rate).toBeGreaterThan(0);
  });
});
