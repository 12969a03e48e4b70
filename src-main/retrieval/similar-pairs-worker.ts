// The thread that compares all vectors with each other.
import { parentPort, workerData } from 'node:worker_threads';
import { toWire } from '../../shared/errors.ts';
import type { ThreadMessage } from '../files/thread-work.ts';
import { inOrder } from './pair-collector.ts';
import type { SimilarPairs } from './pair-collector.ts';
import { similarPairs } from './similar-pairs.ts';
import type { KnownPairs, PairLimits } from './similar-pairs.ts';

export interface PairsTask {
  /** [rows, dimension], each of length 1. */
  readonly vectors: Float32Array;
  readonly dimension: number;
  /** What the vectors are called in the result: rows of a store. Pairs that are known are told by places in `vectors`. */
  readonly rows: Uint32Array;
  readonly limits: PairLimits;
  readonly known: KnownPairs | undefined;
}

/** Milliseconds between two words on how far it is. */
const pause = 200;

function work(): void {
  const say = (message: ThreadMessage<SimilarPairs>, transfer: readonly ArrayBuffer[] = []): void =>
    parentPort?.postMessage(message, [...transfer]);
  let said = 0;
  try {
    const { vectors, dimension, rows, limits, known } = workerData as PairsTask;
    const progress = (share: number): void => {
      if (performance.now() - said < pause) return;
      said = performance.now();
      say({ share });
    };
    const { floor, first, second, cosines } = similarPairs(vectors, dimension, limits, progress, known);
    const result = inOrder({
      floor,
      first: first.map((place, i) => Math.min(rows[place]!, rows[second[i]!]!)),
      second: second.map((place, i) => Math.max(rows[place]!, rows[first[i]!]!)),
      cosines,
    });
    say({ result }, [result.first.buffer, result.second.buffer, result.cosines.buffer]);
  } catch (error) {
    say({ error: toWire(error) });
  }
}

work();
