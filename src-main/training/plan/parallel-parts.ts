// Whether the parts of a batch are computed side by side on the CPU, and into how many it is cut.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { crossesParts, isCoupled } from '../../jepa/step.ts';
import type { StepSize } from '../../jepa/step.ts';
import { stepOperations } from './step-operations.ts';

/** How a step is shared among cores. */
export interface Parts {
  /** Shares that are computed side by side. */
  readonly shares: number;
  /** Threads of each of them: where there are fewer shares than cores, kernels are shared too. */
  readonly threads: number;
  /** Images of each part. */
  readonly microBatch: number;
}

/** What a call costs beside its images, in operations that take as long: some half of a millisecond. */
const callOperations = 2e7;
/** Each has its own graphs and gradients, some 60 MB of a small network. */
const mostShares = 8;
/** Crops of a part: with fewer a call is mostly overhead. */
const fewestCrops = 8;
/** Of a pass whose forward third is made twice. */
const twice = 1.3;

/**
 * How many times faster `threads` are together than one in the kernels of a pass of so many operations: measured with two, 1.16 at 2·10⁹
 * and 1.4 at 8·10⁹ operations, nearly 2 for large networks; for more threads it is not known better than this.
 */
const speedup = (operations: number, threads: number): number =>
  threads ** Math.min(0.95, Math.max(0.2, 0.2 + 0.5 * Math.log10(operations / 2e9)));

/**
 * The parts that are expected to take the least time; `undefined` where that is one pass with all threads in each kernel. A pure function of
 * settings and threads: a run that goes on must add up in the order in which it did.
 */
export function parallelParts(size: StepSize, config: TrainConfig, threads: number): Parts | undefined {
  const { batch, microBatch, predictionStride, crops, paddedContext } = size;
  if (threads < 2 || microBatch < batch || !isCoupled(config) || paddedContext) return undefined;
  const operations = stepOperations(size, config);
  const partsOf = (count: number): Parts => {
    const shares = Math.min(threads, count, mostShares);
    return { shares, threads: Math.floor(threads / shares), microBatch: batch / count };
  };
  const cost = (count: number): number => {
    const parts = partsOf(count);
    const each = ((crossesParts({ ...size, microBatch: parts.microBatch }, config) ? twice : 1) * operations) / count;
    return Math.ceil(count / parts.shares) * (each / speedup(each, parts.threads) + callOperations);
  };
  const possible = Array.from({ length: Math.max(1, batch / fewestCrops) }, (_, i) => i + 1).filter((count) =>
    [count, count * predictionStride, count * crops].every((divisor) => batch % divisor === 0),
  );
  const best = possible.reduce((least, count) => (cost(count) < cost(least) ? count : least));
  return best === 1 ? undefined : partsOf(best);
}
