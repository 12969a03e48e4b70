import { describe, expect, it } from 'vitest';
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { parseConfig } from '../../../shared/config/config.ts';
import { movedParameters } from '../../jepa/model.ts';
import { muonOperations } from '../../jepa/muon.ts';
import { sizeOf } from '../../tensor/graph.ts';
import { sharedOut, stretches } from '../passes/parallel-step.ts';
import { parallelParts } from './parallel-parts.ts';
import { stepSize } from './step-size.ts';

const settings = {
  architecture: 'custom',
  width: 128,
  depth: 2,
  heads: 4,
  stem: 'convolutions',
  imageSize: 32,
  patchSize: 8,
  predictorWidth: 64,
  predictorHeads: 2,
  predictorDepth: 2,
  projectorWidth: 64,
  batchSize: 64,
  agreement: 1,
  agreementBy: 'contrast',
  predictionStride: 8,
  maskedCrops: 'predicted',
} as const;
const partsOf = (change: Partial<TrainConfig>, threads: number): ReturnType<typeof parallelParts> => {
  const config = parseConfig({ ...settings, ...change });
  return parallelParts(stepSize(config), config, threads);
};

describe('the parts of a step that cores compute side by side', () => {
  it.each([
    [2, 2, 1, 64],
    [4, 4, 1, 32],
    [8, 8, 1, 16],
    // Sixteen parts are three rounds of six; eight would be two of twice the size.
    [6, 6, 1, 8],
    [3, 3, 1, 16],
    // Each share takes memory: there are at most eight.
    [12, 8, 1, 16],
    [64, 8, 8, 16],
  ])('on %i cores are %i shares of %i threads, in parts of %i crops', (cores, shares, threads, microBatch) =>
    expect(partsOf({}, cores)).toEqual({ shares, threads, microBatch }),
  );

  it('hold whole groups of crops that are told apart where that is better than to encode them twice', () => {
    expect(partsOf({ contrastImages: 32, smallFirst: 0 }, 2)).toEqual({ shares: 2, threads: 1, microBatch: 64 });
    expect(partsOf({ contrastImages: 16 }, 4)).toEqual({ shares: 4, threads: 1, microBatch: 32 });
    expect(partsOf({ contrastImages: 32, width: 256 }, 2)).toEqual({ shares: 2, threads: 1, microBatch: 64 });
    expect(partsOf({ width: 256 }, 2)).toBeUndefined();
  });

  it('are of whole images, and not of a few crops', () => {
    expect(partsOf({ crops: 3, batchSize: 16, predictionStride: 1 }, 64)).toEqual({ shares: 4, threads: 16, microBatch: 12 });
    expect(partsOf({ batchSize: 2, predictionStride: 1 }, 4)).toBeUndefined();
  });

  it.each([
    ['on one core', {}, 1],
    ['where no loss looks at several crops', { agreement: 0 }, 4],
    ['where a batch is cut up by its settings', { microBatch: 32 }, 4],
    ['where contexts are padded', { masking: 'paper-exact', imageSize: 64, minKeep: 2, maskedCrops: 'all' }, 4],
    ['where kernels are so long that threads share them well', { width: 384, depth: 12 }, 4],
  ] as const)('are not there %s', (_, change, threads) => expect(partsOf(change, threads)).toBeUndefined());
});

describe('the shares of cores', () => {
  it('are consecutive and differ by one part at most', () => {
    const items = Array.from({ length: 16 }, (_, i) => i);
    for (const count of [1, 3, 6, 16]) {
      const shares = stretches(items, count);
      expect(shares.flat()).toEqual(items);
      const lengths = shares.map(({ length }) => length);
      expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThan(2);
    }
  });

  it('hold every parameter once, with about as much work each', () => {
    const config = parseConfig({ ...settings, optimiser: 'muon', depth: 4, stem: 'convolutions' });
    const parameters = movedParameters(stepSize(config).model, config);
    const shares = sharedOut(parameters, config, 3);
    expect(
      shares
        .flat()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(parameters.map(({ name }) => name).toSorted());
    const work = shares.map((share) =>
      share.reduce(
        (sum, one) => sum + 200 * sizeOf(one.shape) + (one.name.includes('.blocks.') && one.shape.length === 2 ? muonOperations(one) : 0),
        0,
      ),
    );
    expect(Math.max(...work) / Math.min(...work)).toBeLessThan(1.2);
  });
});
