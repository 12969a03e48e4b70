// The encoder as it is used after training: the target encoder on whole images, mean over patch tokens (Assran et al. 2023, §5).
import { mean } from '../tensor/elementwise.ts';
import type { Tensor } from '../tensor/graph.ts';
import { layerNorm } from '../tensor/layers.ts';
import { concatenate, input, reshape } from '../tensor/structure.ts';
import { patchValues, tokenCount } from './model.ts';
import type { ModelSize } from './model.ts';
import { encode } from './transformer.ts';
import type { Network } from './transformer.ts';

/** `last`: the final tokens; `last4`: the last four blocks' tokens, each after the final norm, side by side. */
export type EmbeddingLayer = 'last' | 'last4';

export const embeddingWidth = (size: ModelSize, layer: EmbeddingLayer): number =>
  size.encoder.width * (layer === 'last4' ? Math.min(4, size.encoder.depth) : 1);

/** Normalised patches [B, N, 3·P·P] as the input `patches` → `tokens` [B, N, width] and `embedding` [B, embeddingWidth]. */
export function embed(
  network: Network,
  size: ModelSize,
  batch: number,
  layer: EmbeddingLayer,
): { readonly tokens: Tensor; readonly embedding: Tensor } {
  return embedPatches(network, size, input('patches', [batch, tokenCount(size), patchValues(size)]), layer);
}

/** As `embed`, from patches that are an expression. */
export function embedPatches(
  network: Network,
  size: ModelSize,
  patches: Tensor,
  layer: EmbeddingLayer,
): { readonly tokens: Tensor; readonly embedding: Tensor } {
  const taps: Tensor[] = [];
  const tokens = encode(network, size, patches, { taps });
  const pooled = (x: Tensor): Tensor => reshape(mean(x, [1]), [x.shape[0]!, x.shape[2]!]);
  if (layer === 'last') return { tokens, embedding: pooled(tokens) };
  const normed = taps.slice(-4).map((tap) => layerNorm(tap, network('norm.weight'), network('norm.bias'), 1e-6));
  return { tokens, embedding: concatenate(normed.map(pooled), 1) };
}
