// The sizes that a run is compiled for, known without compiling anything.
import type { TrainConfig } from '../../shared/config-table.ts';
import type { RunSizes } from '../../shared/train-events.ts';
import { contextTokenCount, drawMasks, mostTargetTokens } from '../jepa/masks.ts';
import { encoderParameters, modelSize, parameterCount, predictorParameters, tokenCount } from '../jepa/model.ts';
import type { StepSize } from '../jepa/step.ts';

/** Crops that one image of the batch becomes. */
export const cropsPerImage = (config: Pick<TrainConfig, 'agreement'>): 1 | 2 => (config.agreement > 0 ? 2 : 1);

/**
 * Images per pass when none is set: hidden activations of about 6 MB, so that what one kernel writes is still in the cache when
 * the next reads it; measured best or near it for every size tried.
 */
export function automaticMicroBatch(config: TrainConfig): number {
  const size = modelSize(config);
  const bytes = 4 * tokenCount(size) * size.encoder.hidden * cropsPerImage(config);
  const wanted = Math.max(1, Math.min(config.batchSize, Math.round(6e6 / bytes)));
  let best = 1;
  for (let divisor = 1; divisor <= wanted; divisor++) if (config.batchSize % divisor === 0) best = divisor;
  return best;
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
    targetTokens,
    paddedContext: paper,
  };
}

/** Longest context of the first 64 steps; a longer one later recompiles the step. */
function longestPaperContext(config: TrainConfig, batch: number): number {
  const lengths = Array.from({ length: 64 }, (_, step) => drawMasks(config, config.seed, step, batch, 0)[0]!.context.length);
  return Math.max(...lengths);
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
