import { expect, it } from 'vitest';
import { formatRoughly } from './duration.ts';

it('says of an estimate what may be true of it', () => {
  const said = [0.2, 42, 58, 130, 1490, 3400, 9000, 100_000, 200_000].map(formatRoughly);
  expect(said).toEqual([
    'about 5 s',
    'about 40 s',
    'about 1 min',
    'about 2 min',
    'about 25 min',
    'about 1 h',
    'about 3 h',
    'about 28 h',
    'about 2 days',
  ]);
});
