import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../../shared/config/config.ts';
import type { MaskSample } from '../../../../shared/contract/contract-masks.ts';
import { decodeFrame, encodeFrame } from '../../../../shared/contract/frames.ts';
import { AppError } from '../../../../shared/errors.ts';
import { contextTokenCount, drawMasks } from '../../../jepa/masks.ts';
import { sampleMasks } from './mask-sample.ts';

const sample = (settings: Readonly<Record<string, unknown>>, images = 2): MaskSample =>
  sampleMasks({ config: parseConfig(settings), seed: 5, step: 9, images });
/** Of settings for small pictures: 8×8 patches. */
const hints = (settings: Readonly<Record<string, unknown>>): string =>
  sample({ imageSize: 32, patchSize: 4, ...settings })
    .warnings.map(({ message }) => message)
    .join('\n');

describe('a sample of masks', () => {
  it('is what a step of training draws', () => {
    for (const settings of [{ imageSize: 32, patchSize: 4 }, { contextTokens: 49 }]) {
      const config = parseConfig(settings);
      const drawn = drawMasks(config, 5, 9, 3, contextTokenCount(config));
      const { context, targets } = sample(settings, 3);
      expect(context).toEqual(drawn.map((masks) => masks.context));
      expect(targets).toEqual(drawn.map((masks) => masks.targets));
    }
  });

  it('counts what it shows: patches of a context, of a target, and the share that is hidden', () => {
    const { grid, context, targets, contextTokens, targetTokens, targetCoverage } = sample({}, 64);
    expect(grid).toBe(14);
    for (const one of context) expect(one.length).toBe(contextTokens);
    const mean = targets.reduce((sum, blocks) => sum + blocks[0]!.length, 0) / targets.length;
    // A target covers 15–20 % of 196 patches.
    expect(targetTokens).toBeGreaterThan(0.14 * 196);
    expect(targetTokens).toBeLessThan(0.21 * 196);
    expect(Math.abs(mean - targetTokens)).toBeLessThan(12);
    const covered = targets.reduce((sum, blocks) => sum + new Set(blocks.flatMap((block) => [...block])).size / 196, 0) / targets.length;
    expect(Math.abs(covered - targetCoverage)).toBeLessThan(0.12);
  });

  it('of the published sampler is cut to its batch as there', () => {
    const published = { masking: 'paper-exact', imageSize: 64, patchSize: 8, minKeep: 2 };
    const { context, contextTokens, warnings } = sample({ ...published, batchSize: 32 }, 4);
    const config = parseConfig({ ...published, batchSize: 32 });
    expect(context).toEqual(
      drawMasks(config, 5, 9, 32, 0)
        .slice(0, 4)
        .map((masks) => masks.context),
    );
    expect(contextTokens).toBe(context[0]!.length);
    expect(warnings.map(({ message }) => message).join()).toContain('last row and column');
  });

  it('looks at a bounded number of patches, however fine the grid', () => {
    const before = process.cpuUsage();
    sample({ imageSize: 512, patchSize: 4, masking: 'paper-exact', batchSize: 8 });
    // Milliseconds of the processor: some hundreds, and 5,000 when every grid was drawn 200 times.
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(2500);
  });

  it('is refused where no masks can be drawn, or only in an hour', () => {
    const refused = { name: 'AppError', code: 'bad-config' };
    expect(() => sample({ targetScale: [0.9, 0.9], targetAspect: [1, 1], imageSize: 32, patchSize: 8 })).toThrow(
      expect.objectContaining(refused),
    );
    expect(() => sample({ masking: 'paper-exact', imageSize: 32, patchSize: 8 })).toThrow(expect.objectContaining(refused));
    expect(() => sample({ imageSize: 1024, patchSize: 1 })).toThrow(expect.objectContaining(refused));
  });

  it('never fails in another way, whatever the settings', () => {
    const share = fc.double({ min: 0.05, max: 0.9, noNaN: true });
    const pair = (value: fc.Arbitrary<number>): fc.Arbitrary<number[]> =>
      fc.tuple(value, value).map((both) => both.toSorted((a, b) => a - b));
    const settings = fc.record({
      imageSize: fc.constantFrom(32, 48),
      patchSize: fc.constantFrom(8, 16),
      targetCount: fc.integer({ min: 1, max: 6 }),
      targetScale: pair(share),
      targetAspect: pair(fc.double({ min: 0.1, max: 10, noNaN: true })),
      contextScale: pair(share),
      masking: fc.constantFrom('unbiased', 'paper-exact'),
      minKeep: fc.integer({ min: 1, max: 12 }),
    });
    fc.assert(
      fc.property(settings, (given) => {
        try {
          const { warnings } = sample(given);
          for (const { message, hint } of warnings) expect(message.length > 20 && hint.length > 10, message).toBe(true);
        } catch (error) {
          if (!(error instanceof AppError) || error.code !== 'bad-config') throw error;
        }
      }),
      { numRuns: 12 },
    );
  });
});

describe('crops that lose patches', () => {
  it('are all of them, or those that are predicted', () => {
    expect(sample({}, 8).maskedOneIn).toBe(1);
    expect(sample({ predictionStride: 8, agreement: 1 }, 8).maskedOneIn).toBe(1);
    expect(sample({ predictionStride: 8, agreement: 1, maskedCrops: 'predicted' }, 8).maskedOneIn).toBe(8);
    const none = sample({ prediction: 0, agreement: 1, maskedCrops: 'predicted' }, 8);
    expect(none.maskedOneIn).toBe(0);
    expect((decodeFrame(encodeFrame(none)) as typeof none).maskedOneIn).toBe(0);
  });
});

describe('warnings', () => {
  it('are none for the published settings, on photographs and on small pictures', () => {
    expect(hints({ imageSize: 224, patchSize: 16 })).toBe('');
    expect(hints({ contextTokens: 16 })).toBe('');
    // As suggested for small pictures.
    expect(hints({ imageSize: 64, patchSize: 16, minKeep: 1, contextTokens: 8, stem: 'convolutions' })).toBe('');
  });

  it.each([
    ['one target', { targetCount: 1 }, '9.0 %'],
    ['two targets', { targetCount: 2 }, '22.0 %'],
    ['three targets', { targetCount: 3 }, '48.5 %'],
    ['small targets', { targetScale: [0.02, 0.1] }, 'target blocks are small'],
    ['a huge target', { targetScale: [0.3, 0.6] }, 'may cover 60 %'],
    ['targets that hide everything', { targetCount: 16, contextTokens: 8 }, 'hide'],
    ['a context that targets give away', { targetCount: 6, contextTokens: 50 }, 'given away'],
    ['a small context block', { contextScale: [0.2, 0.4] }, 'context block is small'],
    ['few context tokens', { contextTokens: 3 }, '3 of 64'],
    ['narrow strips', { targetAspect: [0.2, 5] }, 'narrow strips'],
    ['a coarse grid', { imageSize: 64, patchSize: 16, minKeep: 1 }, '4×4'],
  ])('name %s', (_what, settings, expected) => {
    expect(hints(settings)).toContain(expected);
  });
});
