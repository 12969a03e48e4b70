// What the evaluations of a run take of memory beside its step, counted from their graphs (judge.ts, masked-figures.ts).
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { embed } from '../../jepa/embedding.ts';
import { maskedViews } from '../../jepa/masked-views.ts';
import { encoderParameters, parameterCount, patchValues, predictorParameters, tokenCount } from '../../jepa/model.ts';
import type { StepSize } from '../../jepa/step.ts';
import { encoderInputs } from '../../jepa/transformer.ts';
import type { GraphMemory } from '../../tensor/memory.ts';
import { graphMemory } from '../../tensor/memory.ts';
import { untiled } from '../../tensor/tiles.ts';
import { groupBytes } from '../run-folder/state.ts';
import { embeddingBatch, scoreBytes } from './embedding-batch.ts';

/** Images of the bank, spread over it, whose tokens are kept for the statistics per position. */
export const tokenImages = 256;

/** Vectors, their spaces and neighbours, and what of them waits for its collection (measured). */
const figureBytes = 3e7;

interface Passes {
  readonly encoder: GraphMemory;
  readonly masked: GraphMemory;
}

function passes(size: StepSize, { prediction }: TrainConfig, images: number): Passes {
  const { model } = size;
  const batch = embeddingBatch(model);
  const views = { ...size, microBatch: batch, batch, targetBlocks: 1, predictionStride: 1 };
  return {
    encoder: graphMemory(Object.values(embed(encoderInputs('targetEncoder', model), model, images, 'last'))),
    masked: graphMemory(Object.values(maskedViews(views, prediction > 0))),
  };
}

export interface ProcessorJudging {
  /** Bytes that both passes hold, each in an arena of its own. */
  readonly values: number;
  /** Bytes of what is read out of them. */
  readonly collected: number;
  readonly nodes: number;
}

export function processorJudging(size: StepSize, config: TrainConfig): ProcessorJudging {
  if (config.evaluateImages === 0) return { values: 0, collected: 0, nodes: 0 };
  const { model } = size;
  const { encoder, masked } = passes(size, config, embeddingBatch(model));
  // Tokens are gathered image by image and then laid side by side.
  const tokens = 2 * 4 * Math.min(config.evaluateImages, tokenImages) * tokenCount(model) * model.encoder.width;
  return { values: encoder.peak + masked.peak, collected: tokens + figureBytes, nodes: encoder.nodes + masked.nodes };
}

/** Scores of one block, before and after the softmax: a card's graphs keep them where a processor has one kernel. */
const keptScores = 2;

/**
 * Of a card: weights, patches and values of the larger pass. Buffers that the step has freed do not serve it (on a card in software, memory
 * grew by as much). TensorFlow computes them in what the step has freed; there it is room for the weights of both passes.
 */
export function cardJudging(size: StepSize, config: TrainConfig): { readonly total: number; readonly largest: number } {
  if (config.evaluateImages === 0) return { total: 0, largest: 0 };
  const { model } = size;
  const images = embeddingBatch(model, 'webgpu');
  const { encoder, masked } = untiled(() => passes(size, config, images));
  const weights = 4 * parameterCount(encoderParameters(model));
  const patches = (count: number): number => 4 * count * tokenCount(model) * patchValues(model);
  const views = embeddingBatch(model);
  // As they are copied to WebGPU they are there twice, group by group (resident-weights.ts).
  const held = (bytes: number): number => bytes + Math.min(bytes, groupBytes);
  const whole = held(weights) + patches(images) + encoder.peak + keptScores * images * scoreBytes(model);
  const hidden =
    held(weights + 4 * parameterCount(predictorParameters(model))) + patches(views) + masked.peak + keptScores * views * scoreBytes(model);
  return { total: Math.max(whole, hidden), largest: Math.max(encoder.largest, masked.largest, images * scoreBytes(model)) };
}
