// A batch in parts: their losses add up, their pooled contexts stand one after the other.
import type { GoOn } from '../run-control.ts';
import type { Feeds, StepLosses } from './step-device.ts';

/** The losses among the outputs of `accumulate`. */
export function lossesOf(results: Readonly<Record<string, Float32Array>>): StepLosses {
  const losses: StepLosses = {};
  for (const name of ['smoothL1', 'squaredError', 'coupled'] as const) if (results[name]) losses[name] = results[name][0]!;
  return losses;
}

export function summed(losses: readonly StepLosses[]): StepLosses {
  const sums: StepLosses = {};
  for (const one of losses)
    for (const [name, value] of Object.entries(one) as [keyof StepLosses, number][]) sums[name] = (sums[name] ?? 0) + value;
  return sums;
}

/** Arrays one after the other. */
export function joined(arrays: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const values of arrays) {
    all.set(values, at);
    at += values.length;
  }
  return all;
}

/** The losses of parts that one device computes one after the other; the `first` begins the gradients anew. */
export async function lossesInTurn(
  parts: readonly Feeds[],
  one: (feeds: Feeds, first: boolean) => Promise<StepLosses>,
  goOn?: GoOn,
): Promise<StepLosses> {
  const losses: StepLosses[] = [];
  for (const [i, feeds] of parts.entries()) {
    if (i > 0) await goOn?.();
    losses.push(await one(feeds, i === 0));
  }
  return summed(losses);
}

/** Pooled contexts of parts that one device computes one after the other. */
export async function pooledInTurn(
  parts: readonly Feeds[],
  one: (feeds: Feeds) => Promise<Float32Array>,
  goOn?: GoOn,
): Promise<Float32Array> {
  const pooled: Float32Array[] = [];
  for (const feeds of parts) {
    pooled.push(await one(feeds));
    await goOn?.();
  }
  return joined(pooled);
}
