import { expect, it } from 'vitest';
import { fewestForTypical, placesInColours } from './closer-look.ts';

it('colours are said to tell nothing of places only where that was subtracted', () => {
  for (const images of [1, fewestForTypical - 1])
    expect(placesInColours(images)).toMatch(/^They show where things are, too: .* 8 images or more\.$/);
  for (const images of [fewestForTypical, 48]) expect(placesInColours(images)).toMatch(/what is there, not where\.$/);
});
