// Whether the parts of a batch are computed side by side on the CPU, and into how many it is cut.
import type { TrainConfig } from '../../shared/config-table.ts';
import { crossesParts, isCoupled } from '../jepa/step.ts';
import type { StepSize } from '../jepa/step.ts';
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

/** Floating-point operations of a step up to which its kernels are so short that threads share them badly. */
const shortStep = 4e9;
/** What a call costs beside its images, as a share of a step: more parts than threads must be worth it. */
const callCost = 0.01;
/** Of a pass whose forward half is made twice. */
const twice = 1.3;

/**
 * The parts that leave the fewest cores waiting; `undefined` where one pass with all threads in each kernel is better. A pure function of
 * settings and threads: a run that goes on must add up in the order in which it did.
 */
export function parallelParts(size: StepSize, config: TrainConfig, threads: number): Parts | undefined {
  const { batch, microBatch, predictionStride, crops, paddedContext } = size;
  const isWhole = microBatch === batch;
  if (threads < 2 || !isWhole || !isCoupled(config) || paddedContext) return undefined;
  const isShort = stepOperations(size, config) <= shortStep;
  const crosses = (parts: number): boolean => crossesParts({ ...size, microBatch: batch / parts }, config);
  const cost = (parts: number): number => Math.ceil(parts / threads) * ((crosses(parts) ? twice : 1) / parts + callCost);
  const possible = Array.from({ length: batch }, (_, i) => i + 1).filter(
    (parts) => [parts, parts * predictionStride, parts * crops].every((divisor) => batch % divisor === 0) && (isShort || !crosses(parts)),
  );
  const best = possible.reduce((least, parts) => (cost(parts) < cost(least) ? parts : least));
  if (best === 1) return undefined;
  const shares = Math.min(threads, best);
  return { shares, threads: Math.floor(threads / shares), microBatch: batch / best };
}
