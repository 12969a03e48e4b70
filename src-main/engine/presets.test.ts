import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config.ts';
import { presetTexts } from '../../shared/presets.ts';
import type { PresetName } from '../../shared/presets.ts';
import { requireMasks } from '../jepa/masks.ts';
import { presetEpochs, tooLong } from './presets.ts';
import { suggestConfig } from './suggest.ts';

const names = Object.keys(presetTexts) as PresetName[];
const folders = [2, 10, 500, 10_000, 100_000].flatMap((images) =>
  [20, 32, 100, 150, 400, 4000].map((shortSide) => ({ images, shortSide })),
);

describe('presets', () => {
  it.each(names)('%s fits every folder', (name) => {
    for (const folder of folders) {
      const config = parseConfig(suggestConfig(folder, name).settings);
      expect(config.preset).toBe(name);
      expect(() => requireMasks(config)).not.toThrow();
    }
  });

  it('are lengths that grow from quick to long, within bounds for tiny and huge folders', () => {
    const two = { agreement: 1, crops: 2 };
    const [quick, usual, long] = (['quick', 'default', 'long'] as const).map((name) => presetEpochs(name, 10_000, two));
    expect([quick, usual, long]).toEqual([10, 100, 400]);
    expect(presetEpochs('default', 20, two)).toBe(2000);
    expect(presetEpochs('default', 1_000_000, two)).toBe(10);
    expect(presetEpochs('quick', 1_000_000, two)).toBe(1);
    // Also on a tiny folder quick is much shorter.
    expect([presetEpochs('quick', 20, two), presetEpochs('long', 20, two)]).toEqual([200, 8000]);
    expect(presetEpochs('default', 10_000, { agreement: 0, crops: 2 })).toBe(200);
  });

  it('look at small images on 32 px, sixteen patches of them, and at the published patches of the images as they are', () => {
    const sizes = (shortSide: number, name: PresetName = 'default'): readonly number[] => {
      const { imageSize, patchSize } = suggestConfig({ images: 1000, shortSide }, name).settings;
      return [imageSize!, patchSize!];
    };
    expect([20, 32, 64, 112].map((side) => sizes(side))).toEqual(Array(4).fill([32, 8]));
    expect([sizes(400), sizes(400, 'quick')]).toEqual([
      [128, 32],
      [32, 8],
    ]);
    expect([sizes(64, 'paper-exact'), sizes(400, 'paper-exact')]).toEqual([
      [64, 8],
      [224, 16],
    ]);
  });

  it('as published have neither agreement nor SIGReg, and the learning rate of the batch', () => {
    const config = parseConfig(suggestConfig({ images: 10_000, shortSide: 300 }, 'paper-exact').settings);
    expect(config).toMatchObject({ masking: 'paper-exact', agreement: 0, sigreg: 0, loss: 'smooth-l1', optimiser: 'adamw', minKeep: 10 });
    expect(config.learningRate).toBeCloseTo((1e-3 * config.batchSize) / 2048, 12);
    expect(config.momentum).toEqual([0.996, 1]);
  });

  it('of agreement alone leave out the prediction, and all others keep it', () => {
    for (const name of names) {
      const { prediction } = suggestConfig({ images: 1000, shortSide: 64 }, name).settings;
      expect(prediction === 0).toBe(name === 'agreement-only');
    }
  });

  it('that would keep a processor busy for too long say so in hours', () => {
    const small = parseConfig(suggestConfig({ images: 10_000, shortSide: 32 }).settings);
    expect(tooLong(small, 10_000)).toBeUndefined();
    const large = parseConfig({ ...small, architecture: 'base', imageSize: 224, patchSize: 16, contextTokens: 49 });
    expect(tooLong(large, 10_000)).toMatch(/^The default preset would keep a processor busy for [\d,]+ to [\d,]+ hours\.$/);
  });
});
