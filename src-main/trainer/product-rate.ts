// How fast a device multiplies matrices, as a bound for everything else: in chains, larger ones as long as that makes it faster. A single
// small product tells of a card how long a call takes.
import { AppError } from '../../shared/errors.ts';
import { assumedFree, largestArray, shareOfCard } from '../training/plan/fit-micro-batch.ts';
import { chainMemory, compileChain, operationsOfChain } from './product-chain.ts';
import type { Chain, ProductOptions } from './product-chain.ts';

export interface ProductRate {
  /** GFLOP/s. */
  readonly rate: number;
  /** Rows and columns of the matrices that it was reached with. */
  readonly side: number;
}

/** From 0.03 GFLOP in a call, which a card in software takes up to a second for, to 8,800, which the fastest is busy with for ten milliseconds. */
export const cardChains: readonly Chain[] = [128, 256, 512, 1024, 2048, 4096, 8192].map((side) => ({ side, products: 8 }));
/** A processor is busy with one product of that size, and smaller ones in its caches would be faster than those of a step. */
export const processorChains: readonly Chain[] = [{ side: 1024, products: 1 }];

/** Seconds of a call that may be expected; a larger one is not tried. */
const longestCall = 0.5;
/** Seconds of a call from which on one that is no faster for its work ends the search: shorter ones may be all waiting. */
const busyCall = 0.02;
/** Times the best rate so far that is faster. */
const faster = 1.03;
/** What calls of one size are timed for: seconds, and calls at least. */
const [timedSeconds, timedCalls] = [0.2, 2];

/** Of a call, on average after one that warms up: other programs slow it down as they do a step, which a median of short ones would hide. */
async function secondsOf(chain: Chain, options: ProductOptions): Promise<number> {
  const call = await compileChain(chain, options);
  try {
    await call.run();
    const began = performance.now();
    let calls = 0;
    while (calls < timedCalls || performance.now() - began < 1000 * timedSeconds) {
      await call.run();
      calls++;
    }
    return (performance.now() - began) / 1000 / calls;
  } finally {
    await call.dispose();
  }
}

/**
 * The best rate of chains that `fits` allows, of which `time` says the seconds of a call. A larger one is tried as long as the last was
 * faster for its work, or too short to tell, and would not take long. What fails after the first one ends the search.
 */
export async function bestRate(
  chains: readonly Chain[],
  time: (chain: Chain) => Promise<number>,
  fits: (chain: Chain) => boolean,
): Promise<ProductRate> {
  let best: ProductRate | undefined;
  let last = 0;
  for (const [i, chain] of chains.entries()) {
    const expected = i === 0 ? 0 : (last * operationsOfChain(chain)) / operationsOfChain(chains[i - 1]!);
    if (best && (expected > longestCall || !fits(chain))) break;
    try {
      last = await time(chain);
    } catch (error) {
      if (best && error instanceof AppError) break;
      throw error;
    }
    const rate = operationsOfChain(chain) / last / 1e9;
    const isFaster = best === undefined || rate > faster * best.rate;
    if (best === undefined || rate > best.rate) best = { rate, side: chain.side };
    if (!isFaster && last >= busyCall) break;
  }
  return best!;
}

/** Whether a chain fits `free` bytes of a device's memory, as micro-batches do. */
export const fitting =
  ({ device = 'cpu', precision }: ProductOptions, free: number) =>
  (chain: Chain): boolean => {
    const { total, largest } = chainMemory(chain, precision);
    return total <= shareOfCard * free && largest <= largestArray(device);
  };

/** Of a device with `free` bytes of memory, as far as that is known. Throws as the device does with the smallest of them. */
export async function productRate(options: ProductOptions, free = assumedFree): Promise<ProductRate> {
  const chains = (options.device ?? 'cpu') === 'cpu' ? processorChains : cardChains;
  return bestRate(chains, async (chain) => secondsOf(chain, options), fitting(options, free));
}
