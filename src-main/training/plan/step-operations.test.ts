import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../../../shared/config/config.ts';
import type { StepSize } from '../../jepa/step.ts';
import { stepOperations } from './step-operations.ts';

// Every size another prime, so that no term can stand in for another one.
const size: StepSize = {
  model: {
    encoder: { width: 2, depth: 3, heads: 1, hidden: 5 },
    predictor: { width: 7, depth: 11, heads: 1, hidden: 13 },
    patchSize: 1,
    grid: 3,
    projector: { hidden: 17, width: 19 },
  },
  microBatch: 8,
  batch: 8,
  contextTokens: 4,
  targetBlocks: 2,
  targetTokens: 3,
  predictionStride: 1,
  othersWhole: false,
  crops: 2,
  paddedContext: false,
};
const objective = { ...defaultConfig, loss: 'l2' as const, sigregProjections: 8 };

/** Multiply-adds of a block over n tokens, product by product, twice that in operations. */
function block(n: number, width: number, hidden: number): number {
  const qkv = n * width * (3 * width);
  const scores = n * n * width;
  const values = n * n * width;
  const out = n * width * width;
  const feedForward = n * width * hidden + n * hidden * width;
  return 2 * (qkv + scores + values + out + feedForward);
}
const encoder = (n: number): number => 2 * n * 3 * 2 + 3 * block(n, 2, 5);
const predictor = (): number => 2 * (4 * 2 * 7) + 2 * 11 * block(4 + 3, 7, 13) + 2 * (2 * 3 * 7 * 2);
const projector = 2 * (2 * 17 + 17 * 19);

describe('operations of a step', () => {
  it('are those of the published objective: context and predictor three times, the target pass once', () => {
    expect(stepOperations(size, objective)).toBe(8 * (3 * encoder(4) + encoder(9) + 3 * predictor()));
  });

  it('of a stride count the prediction for some images only, and without prediction for none', () => {
    const context = 8 * 3 * encoder(4);
    expect(stepOperations({ ...size, predictionStride: 4 }, objective)).toBe(context + 2 * (encoder(9) + 3 * predictor()));
    expect(stepOperations(size, { ...objective, prediction: 0, agreement: 1 })).toBe(context + 8 * 3 * projector);
  });

  it('of images that are seen whole, but for those that are predicted', () => {
    const strided = { ...size, predictionStride: 4, othersWhole: true };
    const context = 3 * (2 * encoder(4) + 6 * encoder(9));
    expect(stepOperations(strided, objective)).toBe(context + 2 * (encoder(9) + 3 * predictor()));
    expect(stepOperations(strided, { ...objective, prediction: 0, agreement: 1 })).toBe(8 * 3 * (encoder(9) + projector));
  });

  it('of a batch that is cut up count the forward pass before it, where a loss looks at crops of several pieces', () => {
    const coupled = { ...objective, prediction: 0, agreement: 1, agreementBy: 'contrast' } as const;
    expect(stepOperations({ ...size, microBatch: 4 }, coupled)).toBe(8 * 4 * (encoder(4) + projector));
    for (const alone of [{ ...coupled, contrastImages: 2 }, { ...coupled, agreementBy: 'distance' } as const])
      expect(stepOperations({ ...size, microBatch: 4 }, alone)).toBe(8 * 3 * (encoder(4) + projector));
    expect(stepOperations({ ...size, microBatch: 4 }, objective)).toBe(stepOperations(size, objective));
  });
});
