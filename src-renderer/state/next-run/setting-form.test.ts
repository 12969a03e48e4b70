// The form shows every setting of the table, finds them by words, and says which of them is wrong.
import { describe, expect, it } from 'vitest';
import { configKeys } from '../../../shared/config/config-table.ts';
import type { ConfigKey, TrainConfig } from '../../../shared/config/config-table.ts';
import { defaultConfig } from '../../../shared/config/config.ts';
import { choiceName, inNames, settingName } from '../../../shared/config/setting-names.ts';
import { settingHelp } from '../../strings/settings.ts';
import type { SettingValue } from './setting-form.ts';
import { changedKeys, foundKeys, isUsed, problemFrom, problemOf, readNumber, sameValue, writeNumber, writeValue } from './setting-form.ts';

describe('the form of settings', () => {
  it('has every setting once when nothing is searched for', () => {
    expect([...foundKeys('').values()].flat().toSorted()).toEqual(configKeys.toSorted());
  });

  it('finds by name, key and help; all words must be there', () => {
    expect([...foundKeys('aspect block').values()].flat()).toEqual(['targetAspect']);
    expect([...foundKeys('sigreg').values()].flat()).toContain('sigregProjections');
    expect(foundKeys('xylophone').size).toBe(0);
  });

  it('gives each setting a name of its own', () => {
    const names = configKeys.map(settingName);
    expect(new Set(names).size).toBe(names.length);
    expect(settingName('targetAspect')).toBe('Target aspect');
    expect(choiceName('tiny', 'architecture')).toBe('Tiny');
    expect([choiceName('auto', 'device'), choiceName('auto', 'preset'), choiceName('webgpu', 'device')]).toEqual([
      'The fastest for the run',
      'Chosen for the folder',
      'WebGPU',
    ]);
  });

  it('says the names of settings where a text of the engine has their keys, and leaves other words', () => {
    expect(inNames('Set microBatch to 0: then the largest that fits is taken.')).toBe(
      'Set “Micro-batch” to 0: then the largest that fits is taken.',
    );
    expect(inNames('Train on the processor (device=cpu), or use masking=unbiased.')).toBe(
      'Train on the processor (“Device: Processor”), or use “Mask sampler: Without edge bias”.',
    );
    expect(inNames('width: 5 is not a multiple of 4')).toBe('Width: 5 is not a multiple of 4');
    for (const text of ['A larger width, or device=toaster.', 'minKeep.png in /runs/imageSize', 'The loss: it falls.', 'xpatchSizes'])
      expect(inNames(text)).toBe(text);
    const keys = new RegExp(`${configKeys.filter((key) => /[A-Z]/.test(key)).join('|')}|\\w=\\w`);
    for (const key of configKeys) expect(settingHelp(key)).not.toMatch(keys);
  });

  it('knows which settings count with the others as they are', () => {
    expect(isUsed('width', { ...defaultConfig, architecture: 'tiny' })).toBe(false);
    expect(isUsed('width', { ...defaultConfig, architecture: 'custom' })).toBe(true);
    expect(isUsed('epochs', { ...defaultConfig, steps: 20 })).toBe(false);
    expect(isUsed('sigregProjections', { ...defaultConfig, sigreg: 0.1 })).toBe(true);
  });

  it('knows what only counts where something is predicted or masked', () => {
    const among = (keys: readonly ConfigKey[], settings: Partial<TrainConfig>): readonly ConfigKey[] =>
      keys.filter((key) => isUsed(key, { ...defaultConfig, ...settings }));
    const masks = ['flip', 'targetCount', 'contextScale', 'minKeep', 'contextTokens'] as const;
    expect(among(masks, {})).toEqual(masks);
    expect(among(masks, { contextTokens: 20 })).not.toContain('minKeep');
    expect(among(masks, { masking: 'paper-exact', contextTokens: 20 })).toEqual(['targetCount', 'contextScale', 'minKeep']);
    const prediction = ['loss', 'predictionStride', 'predictorDepth'] as const;
    expect(among(prediction, { prediction: 1 })).toEqual(prediction);
    const without = { prediction: 0, agreement: 1 };
    expect(among([...prediction, ...masks], without)).toEqual(masks);
    // Evaluations look at masked views all the same.
    expect(among(masks, { ...without, maskedCrops: 'predicted' })).toEqual(masks);
    expect(among(masks, { ...without, maskedCrops: 'predicted', evaluateImages: 0 })).toEqual(['flip']);
  });

  it('names the setting that is wrong', () => {
    expect(problemOf({ imageSize: 32, patchSize: 5 })).toMatchObject({
      key: 'patchSize',
      message: expect.stringContaining('does not divide'),
    });
    expect(problemOf({ imageSize: 40, patchSize: 8, smallFirst: 0.5, agreement: 1 })).toMatchObject({
      key: 'smallFirst',
      hint: expect.stringContaining(`Set “${settingName('smallFirst')}” to 0`),
    });
    expect(problemOf({ targetScale: [0.3, 0.2] })).toMatchObject({ key: 'targetScale' });
    expect(problemOf({ imageSize: 32, patchSize: 4 })).toBeUndefined();
    expect(() => problemFrom(new TypeError('a fault'))).toThrow('a fault');
  });

  it('reads back the numbers that it writes', () => {
    for (const value of [0, 1, 0.0001, 1e-15, 0.3333333333333333, 65535, -2.5]) expect(readNumber(writeNumber(value))).toBe(value);
    expect(readNumber('0,5')).toBe(0.5);
    expect(readNumber('')).toBeNaN();
    expect(readNumber('fast')).toBeNaN();
  });

  it('marks what differs from the suggestion, not what was merely touched', () => {
    const chosen = { batchSize: defaultConfig.batchSize, targetScale: [0.1, 0.2] as const };
    expect(changedKeys(chosen, defaultConfig)).toEqual(['targetScale']);
    expect(changedKeys(chosen, undefined)).toEqual(['batchSize', 'targetScale']);
  });

  it('writes values as they are read', () => {
    expect(([0.1 + 0.2, 9007199254740991, [0.75, 4 / 3], true, 'crop'] as SettingValue[]).map(writeValue)).toEqual([
      '0.3',
      '9007199254740991',
      '0.75 – 1.33333',
      'on',
      'crop',
    ]);
  });

  it('compares ranges by their values', () => {
    expect(sameValue([1, 2], [1, 2])).toBe(true);
    expect(sameValue([1, 2], [1, 3])).toBe(false);
    expect(sameValue(1, 1)).toBe(true);
  });
});
