import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../../shared/config/config.ts';
import { AppError } from '../../shared/errors.ts';
import { packMasks } from './mask-batch.ts';
import { blockSize, contextTokenCount, drawMasks, mostTargetTokens, requireMasks } from './masks.ts';

const configOf = (grid: number, extra: object = {}) => ({ ...defaultConfig, imageSize: grid * 4, patchSize: 4, ...extra });

describe('unbiased masks', () => {
  it('have fixed counts, stay on the grid, and keep context and targets apart', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 16 }), fc.nat(), fc.nat(1000), (grid, seed, step) => {
        const config = configOf(grid);
        const keep = contextTokenCount(config);
        const masks = drawMasks(config, seed, step, 6, keep);
        const length = masks[0]!.targets[0]!.length;
        expect(length).toBeLessThanOrEqual(mostTargetTokens(config, grid));
        for (const { context, targets } of masks) {
          expect(context.length).toBe(keep);
          expect(new Set(context).size).toBe(keep);
          expect([...context].every((patch) => patch >= 0 && patch < grid * grid)).toBe(true);
          expect(targets.map((target) => target.length)).toEqual([length, length, length, length]);
          const hidden = new Set(targets.flatMap((target) => [...target]));
          const visible = grid * grid - hidden.size;
          expect([...context].filter((patch) => hidden.has(patch)).length).toBe(Math.max(0, keep - visible));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('are a pure function of seed, step and image', () => {
    const config = configOf(14);
    expect(drawMasks(config, 5, 7, 4, 60)).toEqual(drawMasks(config, 5, 7, 4, 60));
    expect(drawMasks(config, 5, 7, 8, 60).slice(0, 4)).toEqual(drawMasks(config, 5, 7, 4, 60));
    expect(drawMasks(config, 5, 8, 4, 60)).not.toEqual(drawMasks(config, 5, 7, 4, 60));
    expect(drawMasks(config, 6, 7, 4, 60)).not.toEqual(drawMasks(config, 5, 7, 4, 60));
  });

  it('are those of every stride-th image where only these are drawn', () => {
    const config = configOf(8);
    const [all, some] = [drawMasks(config, 5, 7, 12, 20), drawMasks(config, 5, 7, 12, 20, 4)];
    for (const [image, masks] of some.entries())
      expect(masks).toEqual(image % 4 === 0 ? all[image] : { context: new Int32Array(0), targets: [] });
  });

  it('choose the last row and column as often as the first', () => {
    const grid = 14;
    const counts = Array.from<number>({ length: grid }).fill(0);
    for (let step = 0; step < 400; step++)
      for (const { targets } of drawMasks(configOf(grid), 1, step, 8, 60))
        for (const target of targets) for (const patch of target) counts[Math.floor(patch / grid)]! += 1;
    expect(counts[grid - 1]! / counts[0]!).toBeGreaterThan(0.85);
    expect(counts[grid - 1]! / counts[0]!).toBeLessThan(1.15);
  });

  it('keep of what a context may have the last rows and columns as often as the first', () => {
    const grid = 14;
    const [rows, columns] = [0, 1].map(() => Array.from<number>({ length: grid }).fill(0));
    const keep = 30;
    for (let step = 0; step < 400; step++)
      for (const { context } of drawMasks(configOf(grid), 1, step, 8, keep))
        for (const patch of context) {
          rows![Math.floor(patch / grid)]! += 1;
          columns![patch % grid]! += 1;
        }
    const mean = (400 * 8 * keep) / grid;
    for (const counts of [rows!, columns!])
      for (const [i, count] of counts.entries()) {
        // Blocks cover the middle more often than the edge, and both sides alike.
        expect(count / counts[grid - 1 - i]!, `${i} beside ${grid - 1 - i}`).toBeGreaterThan(0.85);
        expect(count / mean).toBeGreaterThan(0.5);
        expect(count / mean).toBeLessThan(2);
      }
  });

  it('refuse targets that fill the grid', () => {
    expect(() => contextTokenCount(configOf(3, { targetScale: [0.9, 0.9], targetAspect: [1, 1] }))).toThrow(AppError);
  });
});

describe('paper-exact masks', () => {
  it('say so instead of looping for ever on a small grid', () => {
    expect(() => drawMasks(configOf(8, { masking: 'paper-exact', minKeep: 40 }), 1, 0, 2, 0)).toThrow(/keeps more than 40/);
  });
});

describe('packed masks', () => {
  const size = {
    model: {
      encoder: { width: 8, depth: 1, heads: 1, hidden: 8 },
      predictor: { width: 8, depth: 1, heads: 1, hidden: 8 },
      patchSize: 4,
      grid: 4,
    },
    microBatch: 1,
    batch: 2,
    contextTokens: 4,
    targetBlocks: 2,
    targetTokens: 3,
    predictionStride: 1,
    othersWhole: false,
    crops: 1,
    paddedContext: true,
  };
  const masks = [
    { context: Int32Array.of(1, 2, 3), targets: [Int32Array.of(4, 5), Int32Array.of(6, 7)] },
    { context: Int32Array.of(8, 9, 10), targets: [Int32Array.of(11, 12), Int32Array.of(13, 14)] },
  ];

  it('hide padding from attention and from the loss', () => {
    const packed = packMasks(size, masks, 1);
    expect([...packed.contextIndices]).toEqual([8, 9, 10, 8]);
    expect([...packed.targetIndices]).toEqual([11, 12, 0, 13, 14, 0]);
    expect([...packed.targetWeight].map((w) => w * 64)).toEqual([1, 1, 0, 1, 1, 0]);
    expect([...packed.predictorMask].map((m) => m < 0)).toEqual([
      false,
      false,
      false,
      true,
      false,
      false,
      true,
      false,
      false,
      false,
      true,
      false,
      false,
      true,
    ]);
    expect([...packed.contextMask].map((m) => m < 0)).toEqual([false, false, false, true]);
  });

  it('leave out the images between those that are predicted', () => {
    const three = [...masks, { context: Int32Array.of(0, 1, 2), targets: [Int32Array.of(3, 4), Int32Array.of(5, 6, 7)] }];
    const packed = packMasks({ ...size, microBatch: 3, batch: 3, predictionStride: 3 }, three, 0);
    // Padding names a patch that is seen.
    expect([...packed.contextIndices]).toEqual([1, 2, 3, 1, 8, 9, 10, 8, 0, 1, 2, 0]);
    expect([...packed.targetIndices]).toEqual([4, 5, 0, 6, 7, 0]);
    expect([...packed.targetWeight].map((w) => Math.round(w * 32))).toEqual([1, 1, 0, 1, 1, 0]);
    expect(packed.predictorMask.length).toBe(2 * 7);
  });

  it('need none of images that are seen whole', () => {
    const none = { context: new Int32Array(0), targets: [] };
    const cut = { ...size, microBatch: 3, batch: 3, predictionStride: 3, othersWhole: true, paddedContext: false, contextTokens: 3 };
    const packed = packMasks(cut, [masks[0]!, none, none], 0);
    expect([...packed.contextIndices]).toEqual([1, 2, 3, 0, 0, 0, 0, 0, 0]);
    expect([...packed.targetIndices]).toEqual([4, 5, 0, 6, 7, 0]);
    expect(() => packMasks({ ...cut, othersWhole: false }, [masks[0]!, none, none], 0)).toThrow(RangeError);
  });

  it('refuse what was not compiled for', () => {
    expect(() => packMasks({ ...size, contextTokens: 2 }, masks, 0)).toThrow(RangeError);
    expect(() => packMasks({ ...size, targetTokens: 1 }, masks, 0)).toThrow(RangeError);
    expect(() => packMasks({ ...size, paddedContext: false }, masks, 0)).toThrow(RangeError);
  });
});

describe('the largest target block', () => {
  it('is never exceeded, and is met', () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 48 }), unit, unit, unit, unit, (grid, a, b, c, d) => {
        const [low, high] = [0.05 + 0.3 * Math.min(a, b), 0.05 + 0.3 * Math.max(a, b)];
        const [wide, tall] = [0.5 + 1.5 * Math.min(c, d), 0.5 + 1.5 * Math.max(c, d)];
        const config = { ...defaultConfig, targetScale: [low, high] as const, targetAspect: [wide, tall] as const };
        const bound = mostTargetTokens(config, grid);
        // The size changes only at these aspects: between them every aspect draws the same block.
        const area = grid * grid * high;
        const edges = Array.from({ length: grid }, (_, i) => i + 0.5).flatMap((side) => [side ** 2 / area, area / side ** 2]);
        const inside = [wide, tall, ...edges.filter((aspect) => aspect > wide && aspect < tall)].toSorted((x, y) => x - y);
        const aspects = [...inside, ...inside.slice(1).map((aspect, i) => (aspect + inside[i]!) / 2)];
        const sizes = aspects.map((aspect) => blockSize(area, aspect, grid)).map(({ height, width }) => height * width);
        expect(Math.max(...sizes)).toBeLessThanOrEqual(bound);
        // It is drawn somewhere, if only at one aspect, where rounding decides.
        const near = edges.filter((aspect) => aspect > wide * (1 - 3e-9) && aspect < tall * (1 + 3e-9));
        const side = (length: number): number => Math.min(grid, Math.max(1, Math.round(length + 1e-6)));
        const met = [wide, tall, ...near].map((aspect) => side(Math.sqrt(area * aspect)) * side(Math.sqrt(area / aspect)));
        expect(Math.max(...sizes, ...met)).toBeGreaterThanOrEqual(bound);
      }),
    );
  });

  it('holds for a step that draws from a narrow range of sizes', () => {
    const config = { ...defaultConfig, imageSize: 224, patchSize: 8 };
    const [first] = drawMasks(config, 0, 18_319, 1, 100);
    expect(first!.targets[0]).toHaveLength(169);
    expect(mostTargetTokens(config, 28)).toBe(169);
  });
});

describe('settings that masks cannot be drawn with', () => {
  const refused = expect.objectContaining({ code: 'bad-config' }) as Error;

  it('are refused where a context is to keep more than a target leaves', () => {
    const fine = { ...configOf(14), contextTokens: 0 };
    expect(() => requireMasks({ ...fine, minKeep: 50 })).not.toThrow();
    expect(() => requireMasks({ ...fine, minKeep: 300 })).toThrow(refused);
    expect(() => requireMasks({ ...configOf(32), contextTokens: 0, minKeep: 250 })).toThrow(refused);
  });

  it('are refused where only a rare block of the published sampler is too small, at a step that may come late', () => {
    const rare = { ...configOf(9), masking: 'paper-exact', targetAspect: [0.5, 2], minKeep: 10 } as const;
    expect(() => requireMasks(rare)).toThrow(refused);
    const steps = Array.from({ length: 400 }, (_, step) => {
      try {
        return drawMasks(rare, 0, step, 1, 0).length;
      } catch {
        return 0;
      }
    });
    expect(steps.filter((drawn) => drawn > 0).length).toBeGreaterThan(380);
    expect(steps).toContain(0);
    expect(() => requireMasks({ ...rare, minKeep: 2 })).not.toThrow();
    expect(() => requireMasks({ ...configOf(14), masking: 'paper-exact' })).not.toThrow();
  });
});
