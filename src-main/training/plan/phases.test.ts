import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../shared/config/config.ts';
import { phasesOf } from './phases.ts';
import { meanStepOperations, stepOperations, workOf } from './step-operations.ts';
import { stepSize } from './step-size.ts';

const settings = { imageSize: 32, patchSize: 8, batchSize: 4, agreement: 1, agreementBy: 'contrast', predictionStride: 4 } as const;
const whole = parseConfig(settings);
const first = parseConfig({ ...settings, smallFirst: 0.7 });

describe('the phases of a run', () => {
  it('are one where no crops are smaller', () => {
    expect(phasesOf(whole, 10)).toEqual([{ from: 0, until: 10, size: stepSize(whole), prediction: 1 }]);
  });

  it('begin with half of the image along each side, seen whole, without a prediction', () => {
    const [small, last, ...more] = phasesOf(first, 10);
    expect(more).toEqual([]);
    expect(last).toEqual({ from: 7, until: 10, size: stepSize(whole), prediction: 1 });
    expect(small).toMatchObject({ from: 0, until: 7, prediction: 0, size: { othersWhole: true, predictionStride: 1, batch: 8 } });
    expect(small!.size.model).toEqual({ ...last!.size.model, grid: 2, spacing: 2 });
  });

  it('leave at least one step for whole images', () => {
    for (const steps of [1, 2, 3, 20])
      expect(phasesOf(parseConfig({ ...settings, smallFirst: 0.95 }), steps).at(-1)!.from).toBeLessThan(steps);
    expect(phasesOf(first, 1)).toHaveLength(1);
  });

  it('are refused where a half is no whole number of patches, where nothing would be learned, and with learned positions', () => {
    const refused = (change: object): unknown => {
      try {
        return parseConfig({ ...settings, smallFirst: 0.5, ...change });
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(refused({ imageSize: 40 })).toContain('half of 40 px is no whole number of patches of 8 px');
    expect(refused({ agreement: 0 })).toContain('nothing else to learn from');
    expect(refused({ positions: 'learned' })).toContain('learned positions');
    expect(refused({ smallFirst: 0.96 })).toContain('out of range');
  });
});

describe('the work of a run with phases', () => {
  it('is that of its steps, each by its own size', () => {
    const [small, last] = phasesOf(first, 10);
    const [cheap, dear] = [stepOperations(small!.size, { ...first, prediction: 0 }), stepOperations(last!.size, first)];
    expect(cheap / dear).toBeLessThan(0.6);
    expect(meanStepOperations(first)).toBeCloseTo(0.7 * cheap + 0.3 * dear, 0);
    expect(meanStepOperations(whole)).toBe(dear);
    const work = workOf(first, 10);
    const mean = (7 * cheap + 3 * dear) / 10;
    expect([0, 4, 7, 8, 10].map(work)).toEqual(
      [0, 4 * cheap, 7 * cheap, 7 * cheap + dear, 10 * mean].map((one) => expect.closeTo(one / mean, 9)),
    );
    expect([0, 3, 10].map(workOf(whole, 10))).toEqual([0, 3, 10].map((one) => expect.closeTo(one, 9)));
  });
});
