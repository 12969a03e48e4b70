// How far the row sums of a chain of products are from those in float64.
import { evaluate } from '../../tensor/reference.ts';
import { chainGraph, chainMatrix } from '../product-chain.ts';
import type { Chain } from '../product-chain.ts';

/** The largest difference, over the largest sum; not a number, or infinite, where one is. */
export function chainDeviation(chain: Chain, rows: Float32Array): number {
  const [expected] = evaluate([chainGraph(chain)], { a: chainMatrix(chain.side) });
  if (rows.length !== expected!.length) throw new RangeError(`${rows.length} row sums instead of ${expected!.length}`);
  const largest = Math.max(...expected!);
  const differences = Array.from(rows, (value, i) => Math.abs(value - expected![i]!) / largest);
  return Math.max(...differences);
}
