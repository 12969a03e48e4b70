// The sizes that a run is compiled for, known without compiling anything.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { cropsPerImage, maskedOneIn } from '../../../shared/config/config.ts';
import type { RunSizes } from '../../../shared/train-events.ts';
import { contextTokenCount, drawMasks, mostTargetTokens } from '../../jepa/masks.ts';
import { encoderParameters, modelSize, parameterCount, predictorParameters, tokenCount } from '../../jepa/model.ts';
import { isWholeStem, stemLayers } from '../../jepa/stem.ts';
import { isCoupled } from '../../jepa/step.ts';
import type { StepSize } from '../../jepa/step.ts';

/** Without a prediction nothing needs to divide anything. */
const strideOf = ({ prediction, predictionStride }: TrainConfig): number => (prediction > 0 ? predictionStride : 1);

/** Patches that the context encoder sees of a crop, on average. */
function meanTokens(config: TrainConfig, context: number, all: number): number {
  return all + (context - all) / maskedOneIn(config);
}

/** Kept activations of a batch up to which losses over all of it are computed in one pass. */
const wholeBatchBytes = 6e8;

/** Bytes that the context encoder keeps of a batch for the backward pass: per token and block about 8 widths and 2 hidden widths. */
function keptBytes(config: TrainConfig): number {
  const size = modelSize(config);
  const { encoder } = size;
  const crops = cropsPerImage(config) * config.batchSize;
  const stem = isWholeStem(size) ? stemLayers(size).reduce((sum, { inner, outer, places }) => sum + places * (inner + 3 * outer), 0) : 0;
  const blocks = encoder.depth * (8 * encoder.width + 2 * encoder.hidden);
  return 4 * crops * (meanTokens(config, contextTokenCount(config), tokenCount(size)) * blocks + tokenCount(size) * stem);
}

/**
 * Images per pass when none is set: hidden activations of about 6 MB, so that what one kernel writes is still in the cache when
 * the next reads it; measured best or near it for every size tried. Where losses look at several crops the batch is whole, if memory
 * allows: cut up, they may need a forward pass of their own before (a quarter of the time of a step without the masked prediction), and
 * how cores share it is for parallel-parts.ts to say.
 */
export function automaticMicroBatch(config: TrainConfig): number {
  if (isCoupled(config) && config.masking !== 'paper-exact' && keptBytes(config) <= wholeBatchBytes) return config.batchSize;
  const size = modelSize(config);
  const bytes = 4 * tokenCount(size) * size.encoder.hidden * cropsPerImage(config);
  const wanted = Math.max(1, Math.min(config.batchSize, Math.round(6e6 / bytes)));
  const possible = possibleMicroBatches(config);
  return possible.findLast((images) => images <= wanted) ?? possible[0] ?? config.batchSize;
}

/** Micro-batches that a batch can be cut into, ascending: they divide it, and the predicted crops are spread evenly over them. */
export function possibleMicroBatches(config: TrainConfig): readonly number[] {
  const fits = (images: number): boolean => config.batchSize % images === 0 && (images * cropsPerImage(config)) % strideOf(config) === 0;
  return Array.from({ length: config.batchSize }, (_, i) => i + 1).filter(fits);
}

/** The sizes that a run is compiled for. Throws `bad-config` when the grid is too small for its masks. */
export function stepSize(config: TrainConfig): StepSize {
  const model = modelSize(config);
  const crops = cropsPerImage(config);
  const paper = config.masking === 'paper-exact';
  const targetTokens = mostTargetTokens(config, model.grid);
  return {
    model,
    microBatch: crops * (config.microBatch || automaticMicroBatch(config)),
    batch: crops * config.batchSize,
    contextTokens: paper ? longestPaperContext(config, crops * config.batchSize) : contextTokenCount(config),
    targetBlocks: config.targetCount,
    predictionStride: strideOf(config),
    othersWhole: config.maskedCrops === 'predicted',
    crops,
    targetTokens,
    paddedContext: paper,
  };
}

/** Of the settings that were asked for last: to draw them takes up to a second, and a plan asks several times. */
let longestPaper: { readonly of: string; readonly tokens: number } | undefined;

/** Longest context of the first 64 steps; a longer one later recompiles the step. */
function longestPaperContext(config: TrainConfig, batch: number): number {
  const { targetCount, targetScale, targetAspect, contextScale, minKeep, imageSize, patchSize, seed } = config;
  const of = JSON.stringify([targetCount, targetScale, targetAspect, contextScale, minKeep, imageSize / patchSize, seed, batch]);
  if (longestPaper?.of !== of) {
    const lengths = Array.from({ length: 64 }, (_, step) => drawMasks(config, seed, step, batch, 0)[0]!.context.length);
    longestPaper = { of, tokens: Math.max(...lengths) };
  }
  return longestPaper.tokens;
}

/** The same, as a run says them. */
export function sizesOf(size: StepSize, config: TrainConfig): RunSizes {
  return {
    encoderParameters: parameterCount(encoderParameters(size.model)),
    predictorParameters: parameterCount(predictorParameters(size.model)),
    tokens: tokenCount(size.model),
    contextTokens: size.contextTokens,
    targetTokens: size.targetTokens,
    microBatch: size.microBatch / cropsPerImage(config),
  };
}
