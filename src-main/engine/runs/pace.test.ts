import { expect, it } from 'vitest';
import { usualPictures } from '../../../shared/config/usual-runs.ts';
import { Pace, usualRun } from './pace.ts';

it('tells the time of a step once enough of them were made, without the first ones', () => {
  const pace = new Pace();
  for (let i = 0; i < 5; i++) pace.step(100);
  for (let i = 0; i < 19; i++) pace.step(2);
  expect(pace.secondsPerStep).toBeUndefined();
  pace.step(22);
  expect(pace.secondsPerStep).toBeCloseTo(3, 9);
  // Of a run whose steps are not all alike, it is that of an average one.
  const small = new Pace();
  for (let i = 0; i < 30; i++) small.step(1, 0.5);
  expect(small.secondsPerStep).toBeCloseTo(2, 9);
});

it('describes runs as long as the presets say', () => {
  for (const pictures of usualPictures) {
    const [quick, whole] = (['quick', 'default'] as const).map((preset) => usualRun(pictures, preset));
    // A smaller crop counts a quarter.
    const { batchSize, smallFirst } = quick!.config;
    expect(Math.abs((quick!.steps * batchSize * 2 * (1 - 0.75 * smallFirst)) / 2e5 - 1)).toBeLessThan(0.02);
    expect(Math.abs(whole!.steps / quick!.steps - 7.25)).toBeLessThan(0.2);
  }
  expect(usualRun('photographs', 'default').config).toMatchObject({ imageSize: 128, patchSize: 32, stem: 'convolutions' });
  expect(usualRun('photographs', 'quick').config).toMatchObject({ imageSize: 32, patchSize: 8, stem: 'convolutions' });
});
