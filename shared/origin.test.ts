import { expect, it } from 'vitest';
import { parseConfig } from './config.ts';
import { originKeys, originSettings } from './origin.ts';

it('A run that begins with other weights takes their sizes and normalisation, and nothing else', () => {
  const config = parseConfig({
    architecture: 'custom',
    width: 64,
    heads: 2,
    imageSize: 64,
    patchSize: 8,
    batchSize: 7,
    normalisation: 'half',
  });
  const taken = originSettings(config);
  expect(taken).toMatchObject({ width: 64, heads: 2, imageSize: 64, patchSize: 8, normalisation: 'half' });
  expect(Object.keys(taken).sort()).toEqual([...originKeys].sort());
  expect(taken).not.toHaveProperty('batchSize');
  expect(parseConfig({ ...taken }).width).toBe(64);
});

it('Statistics of another folder are kept as numbers', () => {
  const config = parseConfig({ normalisation: 'folder', mean: [0.1, 0.2, 0.3], std: [0.4, 0.5, 0.6] });
  expect(originSettings(config)).toMatchObject({ normalisation: 'custom', mean: [0.1, 0.2, 0.3], std: [0.4, 0.5, 0.6] });
});
