// How much memory of a graphics card a piece of work takes, as far as the system tells how much is free.
import type { TrainConfig } from '../shared/config/config-table.ts';
import { atOnce } from '../src-main/files/in-pieces.ts';
import { cardMemoryInPieces } from '../src-main/training/plan/memory-plan.ts';
import type { Row } from './row.ts';

/** Time between two looks, ms: asking NVIDIA's program takes some 50. */
const usualPause = 250;

/**
 * What `work` comes to, and the most bytes that it has taken: what was free before, less the least that was free meanwhile. Undefined where
 * nothing is told. Other programs that take some meanwhile are counted as well.
 */
export async function withCardMemory<T>(
  free: () => Promise<number | undefined>,
  work: () => Promise<T>,
  pause = usualPause,
): Promise<{ readonly result: T; readonly taken?: number }> {
  const before = await free();
  if (before === undefined) return { result: await work() };
  let least = before;
  let isDone = false;
  const watching = (async () => {
    while (!isDone) {
      least = Math.min(least, (await free()) ?? least);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  })();
  try {
    return { result: await work(), taken: before - least };
  } finally {
    isDone = true;
    await watching;
  }
}

/** Beside what is counted for such a run before it begins, without evaluations: a trial makes none. */
export function cardMemoryRow(title: string, config: TrainConfig, taken: number): Row {
  const { total } = atOnce(cardMemoryInPieces({ ...config, evaluateImages: 0 }));
  return {
    name: `${title}, peak memory of the card over its plan`,
    value: `${(taken / 2 ** 30).toFixed(2)} GiB, ${(taken / total).toFixed(2)} ×`,
    goal: '0.85–1.15',
    figure: taken / total,
  };
}
