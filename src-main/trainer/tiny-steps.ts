// Three tiny steps that have every kind of op a run has, and what they come to in float64.
import { parseConfig } from '../../shared/config/config.ts';
import { Random } from '../../shared/random.ts';
import { packMasks } from '../jepa/mask-batch.ts';
import { drawMasks } from '../jepa/masks.ts';
import { patchValues, pooledWidth, tokenCount } from '../jepa/model.ts';
import type { ModelSize } from '../jepa/model.ts';
import { accumulate } from '../jepa/step.ts';
import { evaluate } from '../tensor/reference.ts';
import { stepSize } from '../training/plan/step-size.ts';

/**
 * What is suggested for a folder, on a network of a few thousand weights: its graphs have every kind of op that a run of any settings has
 * (a test compares them), so that no card is trusted with an op that it was not tested in.
 */
export const tiny = parseConfig({
  architecture: 'custom',
  width: 16,
  depth: 2,
  heads: 2,
  mlpRatio: 2,
  imageSize: 16,
  patchSize: 4,
  predictorWidth: 8,
  predictorDepth: 1,
  predictorHeads: 2,
  stem: 'convolutions',
  stemStart: 'whitening',
  // Of few images the norm of the gradient is what is left where large terms cancel: with two, bfloat16 on a processor that has it was off by
  // 2.7e-2 of it in the third step; with eight by 6e-3, and by at most 1.4e-2 with other seeds.
  batchSize: 8,
  microBatch: 8,
  agreement: 1,
  agreementBy: 'contrast',
  // At the suggested one crops leave a card in bfloat16 less of a margin.
  temperature: 0.5,
  // These two are not suggested, but whoever sets them asks a card for their ops.
  positions: 'learned',
  sigreg: 0.1,
  sigregProjections: 8,
  projectorWidth: 8,
  predictionStride: 2,
  maskedCrops: 'predicted',
  optimiser: 'muon',
  learningRate: 1e-2,
  threads: 1,
});
export const tinySteps = 3;
export type Weights = Readonly<Record<string, Float32Array>>;

export const testPatches = (model: ModelSize, batch: number, step: number): Float32Array => {
  const random = new Random(1, 'test', step);
  return Float32Array.from({ length: batch * tokenCount(model) * patchValues(model) }, () => random.normal());
};

/** Loss and norm of the gradient of one step in float64, from the weights as they are. */
export function referenceStep(tensors: Weights, step: number, patches: Float32Array): ReferenceStep {
  const size = stepSize(tiny);
  const { pooled: _, squaredError: __, smoothL1, coupled, ...gradients } = accumulate(size, tiny, 'alone');
  const random = new Random(tiny.seed, 'projection', step);
  const directions = Float32Array.from({ length: pooledWidth(size.model) * tiny.sigregProjections }, () => random.normal());
  const drawn = drawMasks(tiny, tiny.seed, step, size.batch, size.contextTokens, size.predictionStride);
  const masks = packMasks(size, drawn, 0);
  const [masked, agreed, ...computed] = evaluate([smoothL1!, coupled!, ...Object.values(gradients)], {
    ...tensors,
    ...masks,
    directions,
    patches,
  });
  const squared = computed.reduce((total, values) => total + values.reduce((sum, value) => sum + value * value, 0), 0);
  return {
    figures: { loss: tiny.prediction * masked![0]! + agreed![0]!, gradientNorm: Math.sqrt(squared) },
    gradients: Object.fromEntries(Object.keys(gradients).map((name, at) => [name, Float32Array.from(computed[at]!)])),
  };
}

export interface ReferenceStep {
  readonly figures: Figures;
  readonly gradients: Weights;
}
export type Figures = Readonly<Record<'loss' | 'gradientNorm', number>>;

export const figureDeviation = (found: Figures, expected: Figures): number =>
  Math.max(...(['loss', 'gradientNorm'] as const).map((figure) => Math.abs(found[figure] / expected[figure] - 1)));
