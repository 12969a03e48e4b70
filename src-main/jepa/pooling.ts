// An image's embedding from its tokens.
import { divide, equal, mean, multiply, select } from '../tensor/elementwise.ts';
import type { Tensor } from '../tensor/graph.ts';
import { reshape, sum } from '../tensor/structure.ts';

/** Mean over tokens [B, N, D] → [B, D]. Tokens that the key mask [B, 1, 1, N] hides (mask-batch.ts) are padding and do not count. */
export function meanOfTokens(tokens: Tensor, keyMask?: Tensor): Tensor {
  const [batch, count, width] = tokens.shape as [number, number, number];
  if (!keyMask) return reshape(mean(tokens, [1]), [batch, width]);
  const seen = select(equal(reshape(keyMask, [batch, count, 1]), 0), 1, 0);
  return reshape(divide(sum(multiply(tokens, seen), [1]), sum(seen, [1])), [batch, width]);
}
