import { expect, it } from 'vitest';
import { explore } from './explore.ts';

it('colours of a small folder are not said to leave places out', () => {
  expect(explore.sight.explain(48)).toMatch(/components of 48 images as red, green and blue\. .* not where\.$/);
  expect(explore.sight.explain(7)).toMatch(/components of 7 images .* They show where things are, too/);
});
