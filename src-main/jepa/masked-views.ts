// What the trained networks make of parts of an image, forward only: for figures about a run, not for its loss.
import type { Tensor } from '../tensor/graph.ts';
import { input, reshape } from '../tensor/structure.ts';
import { patchValues, tokenCount } from './model.ts';
import { meanOfTokens } from './pooling.ts';
import type { StepSize } from './step.ts';
import { encode, networks, predict } from './transformer.ts';

/**
 * The inputs of `packMasks` and `patches` [B, N, 3·P·P] → `pooled` [B, width], the mean of the context encoder's tokens without the
 * projector, and with `predicts` also `predictions` [B, Nt, width] of one target block each (`size.targetBlocks` is 1).
 */
export function maskedViews(size: StepSize, predicts: boolean): { readonly pooled: Tensor; readonly predictions?: Tensor } {
  const { model, microBatch, contextTokens, targetTokens } = size;
  const nets = networks(model);
  const indices = input('contextIndices', [microBatch, contextTokens], 'int32');
  const keyMask = size.paddedContext ? input('contextMask', [microBatch, 1, 1, contextTokens]) : undefined;
  const patches = input('patches', [microBatch, tokenCount(model), patchValues(model)]);
  const context = encode(nets.contextEncoder, model, patches, { indices, ...(keyMask && { keyMask }) });
  const pooled = meanOfTokens(context, keyMask);
  if (!predicts) return { pooled };
  const targetIndices = input('targetIndices', [1, microBatch, targetTokens], 'int32');
  const predictorMask = input('predictorMask', [microBatch, 1, 1, contextTokens + targetTokens]);
  const predictions = predict(nets.predictor, model, context, indices, targetIndices, predictorMask);
  return { pooled, predictions: reshape(predictions, [microBatch, targetTokens, model.encoder.width]) };
}
