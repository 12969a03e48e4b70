import { describe, expect, it } from 'vitest';
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { parseConfig } from '../../../shared/config/config.ts';
import { presetSentence, presetTexts } from '../../../shared/config/presets.ts';
import type { PresetName } from '../../../shared/config/presets.ts';
import { requireMasks } from '../../jepa/masks.ts';
import { chosenConfig } from './chosen-config.ts';
import { presetBound, presetEpochs, tooLong } from './presets.ts';
import { suggestConfig, suggestedLearningRate } from './suggest.ts';

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
    const two = { agreement: 1, crops: 2, smallFirst: 0 };
    const [quick, usual, long] = (['quick', 'default', 'long'] as const).map((name) => presetEpochs(name, 10_000, two));
    expect([quick, usual, long]).toEqual([10, 73, 300]);
    expect(presetEpochs('default', 20, two)).toBe(2000);
    expect(presetEpochs('default', 1_000_000, two)).toBe(10);
    expect(presetEpochs('quick', 1_000_000, two)).toBe(1);
    // Also on a tiny folder quick is much shorter.
    expect([presetEpochs('quick', 20, two), presetEpochs('long', 20, two)]).toEqual([200, 8000]);
    expect(presetEpochs('default', 10_000, { ...two, agreement: 0 })).toBe(145);
    // Of smaller crops there are more: 0.8 of them at a quarter leave 0.4 of the pixels.
    const small = { ...two, smallFirst: 0.8 };
    expect([presetEpochs('quick', 10_000, small), presetEpochs('default', 10_000, small)]).toEqual([25, 181]);
    expect([presetEpochs('default', 20, small), presetEpochs('default', 1_000_000, small)]).toEqual([5000, 25]);
  });

  it('are as long where what is given leaves no room for smaller crops', () => {
    const shown = (given: Readonly<Record<string, unknown>>): number => {
      const { epochs, smallFirst } = chosenConfig({ images: 10_000, shortSide: 32 }, given).config;
      return Math.round(epochs * (1 - 0.75 * smallFirst) * 10) / 10;
    };
    expect(chosenConfig({ images: 10_000, shortSide: 32 }, {}).config.smallFirst).toBeGreaterThan(0.5);
    for (const given of [{ imageSize: 40, patchSize: 8 }, { positions: 'learned' }, { agreement: 0 }, { stem: 'linear' }]) {
      expect(chosenConfig({ images: 10_000, shortSide: 32 }, given).config.smallFirst).toBe(0);
      expect(shown(given)).toBe('agreement' in given ? 145 : 73);
    }
    expect(shown({})).toBeCloseTo(72.5, 0);
    expect(chosenConfig({ images: 10_000, shortSide: 32 }, { smallFirst: 0.5, epochs: 3 }).config).toMatchObject({
      smallFirst: 0.5,
      epochs: 3,
    });
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
    expect(config).toMatchObject({ momentum: [0.996, 1], weightDecay: [0.04, 0.4], weightDecaySchedule: 'cosine', scheduleScale: 1 });
    expect(config.warmup).toBeCloseTo(40 / 300, 4);
  });

  it('suggest the published learning rate for the batch that a run has, whichever was suggested for its folder', () => {
    const rate = (given: Readonly<Record<string, unknown>>): number =>
      suggestedLearningRate(chosenConfig({ images: 10_000, shortSide: 300 }, given).config);
    expect(rate({ preset: 'paper-exact', batchSize: 2048, learningRate: 1e-3 })).toBe(1e-3);
    expect(rate({ preset: 'paper-exact', learningRate: 1e-3 })).toBe(1e-3 / 32);
    for (const batchSize of [8, 64, 2048]) expect(rate({ batchSize, learningRate: 0.5 })).toBe(2e-3);
  });

  it('follow the batch that is given: its learning rate, the crops that are predicted, and those that are told apart', () => {
    const of = (given: Readonly<Record<string, unknown>>): TrainConfig => chosenConfig({ images: 10_000, shortSide: 64 }, given).config;
    const { learningRate, startLearningRate } = of({ preset: 'paper-exact', batchSize: 512 });
    expect([learningRate, startLearningRate]).toEqual([1e-3 / 4, 2e-4 / 4]);
    expect(of({ preset: 'paper-exact', batchSize: 512, learningRate: 1 }).learningRate).toBe(1);
    const told = [64, 32, 48, 96, 128].map((batchSize) => of({ batchSize }).contrastImages);
    expect(told).toEqual([32, 0, 0, 32, 32]);
    expect(of({ batchSize: 64, contrastImages: 16 }).contrastImages).toBe(16);
    expect([64, 6, 3].map((batchSize) => of({ batchSize }).predictionStride)).toEqual([8, 4, 2]);
    for (const [given, stride] of [
      [{ batchSize: 36, agreement: 0 }, 4],
      [{ batchSize: 4, crops: 3 }, 4],
      [{ batchSize: 64, microBatch: 2 }, 4],
      [{ batchSize: 64, microBatch: 1 }, 2],
    ] as const)
      expect(of(given).predictionStride).toBe(stride);
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

  it('are judged too long for a card by its steps, where they were timed', () => {
    const large = parseConfig({
      ...suggestConfig({ images: 10_000, shortSide: 32 }).settings,
      architecture: 'base',
      imageSize: 224,
      patchSize: 16,
      contextTokens: 49,
    });
    const steps = Math.ceil((large.epochs * 10_000) / large.batchSize);
    const on = (secondsPerStep?: number): string | undefined =>
      tooLong(large, 10_000, { on: 'card', card: 'A card', ...(secondsPerStep !== undefined && { secondsPerStep }) });
    expect([on(), on(7200 / steps)]).toEqual([undefined, undefined]);
    expect(on((9 * 3600) / steps)).toBe('The default preset would take about 9 h on A card.');
    expect(tooLong(large, 10_000, { on: 'open', card: 'A card' })).toMatch(
      /processor busy for [\d,]+ to [\d,]+ hours, and how much faster A card is has not been found out yet\.$/,
    );
  });

  it('say where the size of the folder decides the length', () => {
    const two = { agreement: 1, crops: 2, smallFirst: 0 };
    expect(presetBound('default', 10_000, two)).toBeUndefined();
    expect(presetBound('default', 20, two)).toEqual({ by: 'few', epochs: 2000, crops: 80_000 });
    expect(presetBound('default', 1_000_000, two)).toEqual({ by: 'many', epochs: 10, crops: 20_000_000 });
    expect(presetBound('default', 20, { ...two, smallFirst: 0.8 })).toEqual({ by: 'few', epochs: 5000, crops: 200_000 });
    expect(presetBound('default', 362, two)?.by).toBe('few');
    expect(presetBound('default', 363, two)).toBeUndefined();
  });
});

describe('what is said of a preset', () => {
  const said = (images: number, given: Readonly<Record<string, unknown>>, shortSide = 32): string =>
    chosenConfig({ images, shortSide }, given).reason;

  it('has a length and, for small pictures or photographs, what it reached or that nobody knows', () => {
    for (const name of names)
      for (const pictures of ['small', 'photographs'] as const) {
        const { length, reached } = presetTexts[name];
        const sentence = presetSentence(name, { pictures, changed: false });
        expect(sentence).toContain(length);
        expect(sentence).toContain(reached[pictures] ?? 'was not measured');
      }
    expect(said(10_000, {})).toMatch(/4 million crops.* % on CIFAR-10/);
    expect(said(10_000, {}, 400)).toMatch(/74 % on 1,049 large pictures/);
    expect(said(10_000, {}, 400)).not.toContain('CIFAR');
  });

  it.each(names)('is of %s as it is what nobody has changed, whatever the folder', (preset) => {
    for (const { images, shortSide } of folders) {
      const sentence = said(images, { preset }, shortSide);
      expect(sentence).not.toContain('with these settings');
      expect(sentence.includes(presetTexts[preset].length)).toBe(!/With so (few|many) images/.test(sentence));
    }
  });

  it('tells with a figure among how many images crops were told apart, beside how many they are now', () => {
    const { contrastImages } = chosenConfig({ images: 10_000, shortSide: 32 }, {}).config;
    const told = `contrasted among 64 images; ${contrastImages}, as now, did as well on small pictures.`;
    for (const preset of ['auto', 'quick']) expect(said(10_000, { preset })).toContain(told);
    for (const given of [{ preset: 'long' }, { preset: 'agreement-only' }, { preset: 'paper-exact' }, { learningRate: 0.01 }])
      expect(said(10_000, given)).not.toContain('contrasted among');
  });

  it.each([
    { steps: 100 },
    { epochs: 3 },
    { architecture: 'small' },
    { stem: 'linear' },
    { imageSize: 64 },
    { learningRate: 0.01 },
    { preset: 'long', batchSize: 32 },
  ])('is neither length nor figure for a run with %j', (given) => {
    const sentence = said(10_000, given);
    expect(sentence).toContain('What it takes and reaches with these settings was not measured.');
    expect(sentence).not.toMatch(/reached|million/);
  });

  it('does not change with what decides how a run is carried out, or is as suggested', () => {
    const usual = said(10_000, {});
    for (const given of [{ threads: 2 }, { seed: 7 }, { keepCheckpoints: 5 }, { microBatch: 16 }, { device: 'cpu' }, { imageSize: 32 }])
      expect(said(10_000, given)).toBe(usual);
  });

  it('says that the folder is too small for the whole of it, and no figure', () => {
    expect(said(20, {})).toContain('With so few images, each is seen 5,520 times and no more: 220,800 crops in all.');
    expect(said(1_000_000, { preset: 'default' })).toContain('With so many images, each is still seen 28 times: 56,000,000 crops in all.');
    expect(said(20, {})).not.toContain('reached');
  });

  it('gives a folder the default on a card that is fast enough, and says why not on a slow one', () => {
    const given = { architecture: 'base', imageSize: 224, patchSize: 16 };
    const facts = { images: 10_000, shortSide: 32 };
    expect(chosenConfig(facts, given).config.preset).toBe('quick');
    expect(chosenConfig(facts, given, { on: 'card', card: 'A card', secondsPerStep: 0.01 }).config.preset).toBe('default');
    const slow = chosenConfig(facts, given, { on: 'card', card: 'A card', secondsPerStep: 10 });
    expect(slow.config.preset).toBe('quick');
    expect(slow.reason).toMatch(/would take about 4 days on A card\. Preset quick:/);
    expect(slow.reason).not.toContain('processor');
  });
});
