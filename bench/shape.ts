// The network and the masks that everything here is measured on: ViT-S/16 at 224 px, 96 context tokens, 4 targets of 30 tokens.
import type { TrainConfig } from '../shared/config/config-table.ts';
import { parseConfig } from '../shared/config/config.ts';
import { suggestConfig } from '../src-main/engine/runs/suggest.ts';

export const shape = { batch: 16, contextTokens: 96, targetBlocks: 4, targetTokens: 30, tokens: 196, patchValues: 768 } as const;

export const benchConfig = (microBatch: number, threads: number, batchSize: number = shape.batch): TrainConfig =>
  parseConfig({
    architecture: 'small',
    imageSize: 224,
    patchSize: 16,
    predictorWidth: 192,
    predictorDepth: 6,
    contextTokens: shape.contextTokens,
    // One block of 6 × 5 patches, so that nothing is padding.
    targetScale: [30 / 196, 30 / 196],
    targetAspect: [6 / 5, 6 / 5],
    targetCount: shape.targetBlocks,
    batchSize,
    microBatch,
    threads,
    steps: 1000,
  });

/** Crops of a step as suggested for small pictures: the first part of the steps, and those that follow. */
export const suggestedCrops = {
  small: { count: 128, side: 16, what: 'small' },
  suggested: { count: 128, side: 32, what: 'whole' },
} as const;

/** What the program suggests for ten thousand pictures of 32 px; without its first part once its crops are whole. */
export function suggestedConfig(crops: keyof typeof suggestedCrops, threads: number): TrainConfig {
  const { settings } = suggestConfig({ images: 10_000, shortSide: 32 });
  return parseConfig({ ...settings, ...(crops === 'suggested' && { smallFirst: 0 }), threads, steps: 1000 });
}

/** What a device in software makes in seconds. */
export const smallestConfig = (threads: number): TrainConfig =>
  parseConfig({
    architecture: 'custom',
    width: 24,
    depth: 2,
    heads: 2,
    imageSize: 16,
    patchSize: 4,
    predictorWidth: 12,
    predictorDepth: 1,
    predictorHeads: 2,
    batchSize: 4,
    microBatch: 2,
    threads,
  });

export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
