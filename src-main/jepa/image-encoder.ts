// The encoder as a model for other programs: images in, tokens and embedding out, weights and preprocessing inside.
import type { Tensor } from '../tensor/graph.ts';
import { lowerOnnx } from '../tensor/lower-onnx.ts';
import type { Lowered, LowerOptions } from '../tensor/lower-onnx.ts';
import { input, reshape, transpose } from '../tensor/structure.ts';
import { embedPatches } from './embedding.ts';
import type { EmbeddingLayer } from './embedding.ts';
import type { ModelSize } from './model.ts';
import { encoderInputs } from './transformer.ts';

/** Images [B, 3, S, S] → patches [B, N, 3·P·P] in raster order, each (channel, row, column). */
export function patchesOf(images: Tensor, { grid, patchSize: p }: ModelSize): Tensor {
  const [batch] = images.shape as [number];
  const cut = transpose(reshape(images, [batch, 3, grid, p, grid, p]), [0, 2, 4, 1, 3, 5]);
  return reshape(cut, [batch, grid * grid, 3 * p * p]);
}

/** Any batch is traced with this many images: no other leading size of the graph is a multiple of it by accident that matters. */
const tracedBatch = 7;

export interface ImageEncoderOptions extends Pick<LowerOptions, 'metadata' | 'documentation'> {
  /** `targetEncoder.*`. */
  readonly weights: NonNullable<LowerOptions['weights']>;
  readonly layer: EmbeddingLayer;
}

/**
 * ONNX with nothing but ONNX's own operators: `pixel_values` [batch, 3, S, S], normalised → `patch_tokens` [batch, N, width] and
 * `embedding` [batch, D], the mean over the patches. The batch is free.
 */
export function lowerImageEncoder(size: ModelSize, { layer, ...options }: ImageEncoderOptions): Lowered {
  const side = size.grid * size.patchSize;
  const patches = patchesOf(input('pixel_values', [tracedBatch, 3, side, side]), size);
  const { tokens, embedding } = embedPatches(encoderInputs('targetEncoder', size), size, patches, layer);
  return lowerOnnx(
    { patch_tokens: tokens, embedding },
    { ...options, portable: true, dynamicBatch: { traced: tracedBatch, name: 'batch' } },
  );
}
