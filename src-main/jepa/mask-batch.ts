// Masks as the numbers that a compiled step takes: fixed sizes, padding hidden from attention and without weight in the loss.
import type { ImageMasks } from './masks-paper.ts';
import type { StepSize } from './step.ts';

/** Added to the score of a padded key. Finite, so that a softmax never meets ∞ − ∞. */
const hidden = -1e9;

/** A type alias, so that it passes as a record of named inputs. */
export type MaskInputs = {
  /** [B, Nc] */
  readonly contextIndices: Int32Array;
  /** [M, B / stride, Nt] */
  readonly targetIndices: Int32Array;
  /** [M·B / stride, Nt, 1]: 1 / (values of the whole batch), 0 at padding. */
  readonly targetWeight: Float32Array;
  /** [M·B / stride, 1, 1, Nc + Nt] */
  readonly predictorMask: Float32Array;
  /** [B, 1, 1, Nc]; used when contexts are padded. */
  readonly contextMask: Float32Array;
};

/**
 * Packs the masks of images `from` … `from + microBatch − 1` of a batch. Padding repeats the first patch of a context, so that it names
 * no hidden one, and index 0 of targets; so do images that are seen whole. Throws a RangeError when a list is longer than the compiled size.
 */
export function packMasks(size: StepSize, masks: readonly ImageMasks[], from: number): MaskInputs {
  const { microBatch, targetBlocks, contextTokens, targetTokens, model, predictionStride: stride } = size;
  const predicted = microBatch / stride;
  const keys = contextTokens + targetTokens;
  const contextIndices = new Int32Array(microBatch * contextTokens);
  const targetIndices = new Int32Array(targetBlocks * predicted * targetTokens);
  const targetWeight = new Float32Array(targetBlocks * predicted * targetTokens);
  const predictorMask = new Float32Array(targetBlocks * predicted * keys);
  const contextMask = new Float32Array(microBatch * contextTokens);
  const patches = masks.reduce(
    (count, { targets }, b) => (b % stride === 0 ? targets.reduce((sum, list) => sum + list.length, count) : count),
    0,
  );
  const values = patches * model.encoder.width;
  for (let b = 0; b < microBatch; b++) {
    const { context, targets } = masks[from + b]!;
    // Nothing asks for the masks of what is seen whole.
    if (size.othersWhole && targets.length === 0) continue;
    if (context.length > contextTokens) throw new RangeError(`a context of ${context.length} patches was compiled for ${contextTokens}`);
    if (context.length < contextTokens && !size.paddedContext)
      throw new RangeError(`a context of ${context.length} patches leaves ${contextTokens} unfilled`);
    contextIndices.fill(context[0]!, b * contextTokens, (b + 1) * contextTokens);
    contextIndices.set(context, b * contextTokens);
    contextMask.fill(hidden, b * contextTokens + context.length, (b + 1) * contextTokens);
    if (b % stride !== 0) continue;
    targets.forEach((list, m) => {
      if (list.length > targetTokens) throw new RangeError(`a target of ${list.length} patches was compiled for ${targetTokens}`);
      const row = m * predicted + b / stride;
      targetIndices.set(list, row * targetTokens);
      targetWeight.fill(1 / values, row * targetTokens, row * targetTokens + list.length);
      predictorMask.fill(hidden, row * keys + context.length, row * keys + contextTokens);
      predictorMask.fill(hidden, row * keys + contextTokens + list.length, (row + 1) * keys);
    });
  }
  return { contextIndices, targetIndices, targetWeight, predictorMask, contextMask };
}
