import { describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import { configKeys, configTable } from './config-table.ts';
import { architectures, defaultConfig, parseConfig } from './config.ts';
import type { Setting } from './setting.ts';

const hintOf = (given: Record<string, unknown>): AppError => {
  try {
    parseConfig(given);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error(`${JSON.stringify(given)} was accepted`);
};

describe('the configuration', () => {
  it('has defaults that pass its own checks', () => {
    expect(parseConfig({})).toEqual({ ...defaultConfig, ...architectures.tiny });
    expect(parseConfig(parseConfig({}))).toEqual(parseConfig({}));
  });

  it('gives every setting a help text, and defaults within their limits', () => {
    for (const key of configKeys) {
      const setting: Setting = configTable[key];
      expect(setting.help.length, key).toBeGreaterThan(10);
      if ('min' in setting)
        for (const value of [setting.default].flat()) expect(value >= setting.min && value <= setting.max, key).toBe(true);
      if (setting.type === 'choice') expect(setting.choices).toContain(setting.default);
    }
  });

  it.each([
    [{ batchSzie: 3 }, "Did you mean 'batchSize'?"],
    [{ batchSize: 0 }, 'from 1 to'],
    [{ learningRate: NaN }, 'from 0 to 10'],
    [{ learningRate: '1e-3' }, 'from 0 to 10'],
    [{ batchSize: 2.5 }, 'from 1 to'],
    [{ flip: 'yes' }, 'true or false'],
    [{ toString: 1 }, 'Did you mean'],
    [{ hasOwnProperty: true }, 'Did you mean'],
    [{ masking: 'random' }, 'unbiased, paper-exact'],
    [{ targetScale: [0.2, 0.1] }, 'lower number first'],
    [{ targetScale: [0.2] }, '2 numbers'],
    [{ imageSize: 100, patchSize: 16 }, 'patch size'],
    [{ imageSize: 90, patchSize: 16 }, 'an image size that 8 or 16 divides'],
    [{ imageSize: 32, patchSize: 16 }, '3×3'],
    [{ batchSize: 6, microBatch: 4 }, 'divides the batch'],
    [{ batchSize: 4, microBatch: 8 }, 'divides the batch'],
    [{ architecture: 'custom', width: 30, heads: 3 }, 'multiple of 4'],
    [{ architecture: 'custom', width: 32, heads: 5 }, 'whole share'],
    [{ predictorWidth: 30 }, 'multiple of 4'],
    [{ predictorWidth: 64, predictorHeads: 3 }, 'whole share'],
    [{ contextTokens: 400 }, '196 patches'],
  ])('rejects %j with what to do', (given, hint) => {
    const error = hintOf(given as Record<string, unknown>);
    expect(error.code).toBe('bad-config');
    expect(error.hint).toContain(hint);
  });

  it('lets a named architecture decide the sizes', () => {
    expect(parseConfig({ architecture: 'small', width: 8 })).toMatchObject(architectures.small);
    expect(parseConfig({ architecture: 'custom', width: 64, heads: 4 })).toMatchObject({ width: 64, heads: 4 });
  });

  it('takes windows of intensity below zero, as those of CT images', () => {
    expect(parseConfig({ intensity: 'window', intensityWindow: [-1000, 400.5] }).intensityWindow).toEqual([-1000, 400.5]);
  });

  it('want other images for a contrast', () => {
    const settings = { batchSize: 1, agreement: 1, agreementBy: 'contrast', prediction: 0 };
    expect(() => parseConfig(settings)).toThrow('no others to tell its crops from');
    expect(() => parseConfig({ ...settings, batchSize: 2 })).not.toThrow();
    expect(() => parseConfig({ ...settings, agreementBy: 'distance' })).not.toThrow();
    for (const contrastImages of [0, 2, 4, 8, 100]) expect(() => parseConfig({ ...settings, batchSize: 8, contrastImages })).not.toThrow();
    expect(() => parseConfig({ ...settings, batchSize: 8, contrastImages: 1 })).toThrow('1 image has no others');
    expect(() => parseConfig({ ...settings, batchSize: 8, contrastImages: 3 })).toThrow('3 does not divide the batch of 8');
  });
});
