import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config/config.ts';
import { Random } from '../../shared/random.ts';
import { multiply } from '../tensor/elementwise.ts';
import { gradients } from '../tensor/gradients.ts';
import { sizeOf } from '../tensor/graph.ts';
import { evaluate } from '../tensor/reference.ts';
import { constant, input, sumAll } from '../tensor/structure.ts';
import { encoderParameters, initialWeights, modelSize, patchValues, tokenCount } from './model.ts';
import { encode, encoderInputs } from './transformer.ts';

const settings = {
  architecture: 'custom',
  width: 8,
  depth: 1,
  heads: 2,
  mlpRatio: 2,
  imageSize: 12,
  patchSize: 4,
  predictorWidth: 8,
} as const;
const fixed = modelSize(parseConfig(settings));
const learned = modelSize(parseConfig({ ...settings, positions: 'learned' }));
const random = new Random(5, 'test');
const patches = Float32Array.from({ length: 2 * 9 * 48 }, () => random.normal());
const indices = Int32Array.of(0, 4, 8, 7, 4, 1);

describe('learned positions', () => {
  const weights = { ...initialWeights(fixed, 1), 'contextEncoder.positions': initialWeights(learned, 1)['contextEncoder.positions']! };
  const network = encoderInputs('contextEncoder', learned);
  const images = input('patches', [2, tokenCount(learned), patchValues(learned)]);
  const chosen = { indices: input('indices', [2, 3], 'int32') };

  it('begin as the published ones, for whole images and for contexts', () => {
    const feeds = { ...weights, patches, indices };
    for (const options of [{}, chosen]) {
      const [theirs] = evaluate([encode(encoderInputs('contextEncoder', fixed), fixed, images, options)], feeds);
      const [ours] = evaluate([encode(network, learned, images, options)], feeds);
      ours!.forEach((value, i) => expect(value).toBeCloseTo(theirs![i]!, 6));
    }
  });

  it('are one parameter more, without weight decay, of which the predictor knows nothing', () => {
    const more = encoderParameters(learned).filter(({ name }) => !encoderParameters(fixed).some((one) => one.name === name));
    expect(more).toEqual([{ name: 'positions', shape: [9, 8], initial: 'sine-cosine', decay: false }]);
    expect(Object.keys(initialWeights(learned, 1)).filter((name) => name.includes('positions'))).toEqual([
      'contextEncoder.positions',
      'targetEncoder.positions',
    ]);
  });

  it('move by their gradient, where a patch was seen', () => {
    const tokens = encode(network, learned, images, chosen);
    const cotangent = constant(
      Float32Array.from({ length: sizeOf(tokens.shape) }, () => random.between(-1, 1)),
      tokens.shape,
    );
    const loss = sumAll(multiply(tokens, cotangent));
    const table = network('positions');
    const feeds = { ...weights, patches, indices };
    const [gradient] = evaluate(gradients([loss], [table]), feeds);
    const lossAt = (place: number, change: number): number => {
      const moved = Float64Array.from(weights['contextEncoder.positions']);
      moved[place]! += change;
      return evaluate([loss], { ...feeds, 'contextEncoder.positions': moved })[0]![0]!;
    };
    for (const place of [0, 3, 8 * 4 + 2, 8 * 8 + 7, 8 * 2]) {
      const slope = (lossAt(place, 1e-5) - lossAt(place, -1e-5)) / 2e-5;
      expect(gradient![place]).toBeCloseTo(slope, 4);
    }
    expect([...gradient!.subarray(8 * 2, 8 * 3)].every((value) => value === 0)).toBe(true);
    expect([...gradient!.subarray(8 * 4, 8 * 5)].some((value) => Math.abs(value) > 1e-3)).toBe(true);
  });
});
