import { expect, it } from 'vitest';
import { parseConfig } from '../../../../shared/config/config.ts';
import { suggestConfig } from '../../runs/suggest.ts';
import { overlapOf } from './mask-sample.ts';

const suggested = parseConfig(suggestConfig({ images: 5_000, shortSide: 32 }).settings);

it('a run is told before it starts where its contexts give the targets away, which no figure of it would show', () => {
  expect(overlapOf(suggested)).toEqual([]);
  expect(overlapOf({ ...suggested, targetCount: 8 })).toEqual([
    { message: expect.stringMatching(/^[2-5]\d % of the context's patches lie in a target/) as string, hint: expect.any(String) as string },
  ]);
  expect(overlapOf({ ...suggested, targetCount: 8, prediction: 0 })).toEqual([]);
});
