import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../shared/config/config.ts';
import { meanStepOperations as operations } from '../../training/plan/step-operations.ts';
import { racedTimes, stepTime, withPace, withTooSlow, withTrial } from './step-times.ts';

const nothing = { races: {}, rates: {} };
const small = parseConfig({ imageSize: 32, patchSize: 4, batchSize: 8 });
const large = parseConfig({ imageSize: 64, patchSize: 4, batchSize: 8 });

describe('the time of a step', () => {
  it('is not known where nothing was timed, nor from what did not end', () => {
    expect(stepTime(nothing, 'cpu', small)).toBeUndefined();
    const slow = withTooSlow(nothing, 'cpu', small);
    expect(stepTime(slow, 'cpu', small)).toBeUndefined();
    expect(stepTime(withPace(slow, 'cpu', small, 2), 'cpu', small)).toEqual({ seconds: 2, timed: false });
    // But as the slower one it is known, also after it was written down.
    const read = JSON.parse(JSON.stringify(withTrial(slow, 'webgpu', small, 1))) as typeof slow;
    expect(racedTimes(read, small)).toEqual({ cpu: Infinity, webgpu: 1 });
    expect(racedTimes(read, large)).toEqual({});
    expect(stepTime(withTrial(nothing, 'webgpu', small, 1), 'cpu', small)).toBeUndefined();
  });

  it('is the one of a trial of these sizes, whatever was timed since', () => {
    const known = withPace(withTrial(nothing, 'cpu', small, 2), 'cpu', large, 100);
    expect(stepTime(known, 'cpu', small)).toEqual({ seconds: 2, timed: true });
  });

  it('follows the operations of the last steps of other sizes', () => {
    const known = withTrial(withTrial(nothing, 'cpu', small, 7), 'cpu', small, 2);
    const { seconds, timed } = stepTime(known, 'cpu', large)!;
    expect(timed).toBe(false);
    expect(seconds).toBeCloseTo((2 * operations(large)) / operations(small), 9);
    expect(stepTime(withPace(known, 'cpu', large, 3), 'cpu', large)!.seconds).toBeCloseTo(3, 9);
  });
});
