import { describe, expect, it } from 'vitest';
import { parseConfig } from './config.ts';
import type { ImportedWeights, Origin } from './origin.ts';
import { normalisationText, originKeys, originSentences, originSettings } from './origin.ts';

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

describe('what a run takes from the weights that it begins with', () => {
  const config = parseConfig({ architecture: 'custom', heads: 1 });
  const said = (origin: Origin, here = config, there = config): string => originSentences(origin, here, there).join(' ');
  const notes: readonly string[] = [];

  it('is said of each encoder, by what the file held', () => {
    const of = (encoders: ImportedWeights['encoders'], predictor = true): string =>
      said({ run: 'theirs', step: 0, imported: true, weights: { encoders, predictor, notes } });
    expect(of('both')).toContain(
      'Begins with the weights of theirs, with the sizes of its network. Images are normalised by ImageNet’s statistics, as for',
    );
    expect(of('both')).toContain('both encoders, context and target: each goes on as itself. Its predictor goes on, too.');
    expect(of('target')).toContain('target encoder alone: the context encoder begins as a copy');
    expect(of('context', false)).toMatch(/context encoder alone.*the target encoder begins as a copy of it\. The predictor begins anew/);
  });

  it('is all of a run of this program, and no more than is known of older records', () => {
    expect(said({ run: 'ours', step: 1200, imported: false })).toMatch(/ours, step 1,200, .*target encoder and predictor each go on/);
    expect(said({ run: 'old', step: 0, imported: true })).toContain('where the weights came with one alone');
    expect(said({ run: 'older', step: 0 })).toContain('where the weights came with one alone');
  });

  it('names a size of images that is not theirs, and what becomes of positions', () => {
    const origin = { run: 'ours', step: 1, imported: false };
    const of = (settings: object): ReturnType<typeof parseConfig> =>
      parseConfig({ architecture: 'custom', heads: 1, patchSize: 8, ...settings });
    expect(said(origin, of({ imageSize: 64 }), of({ imageSize: 32 }))).toContain('64 px here and 32 px there: positions are computed anew');
    const learned = { positions: 'learned' };
    expect(said(origin, of({ imageSize: 64, ...learned }), of({ imageSize: 32, ...learned }))).toContain('positions are interpolated');
    expect(said(origin, of({}), of({}))).not.toContain('positions');
  });

  it('names a normalisation that is not theirs', () => {
    const half = parseConfig({ architecture: 'custom', heads: 1, normalisation: 'half' });
    const origin = { run: 'ours', step: 1, imported: false };
    expect(said(origin, half)).toContain(
      'by mean 0.5, 0.5, 0.5 and deviation 0.5, 0.5, 0.5, not as the weights were trained: by ImageNet’s',
    );
    // Where it is not known how they were trained, nothing is claimed.
    expect(originSentences(origin, half)[1]).toMatch(/^Images are normalised by mean 0.5, 0.5, 0.5 and deviation 0.5, 0.5, 0.5\.$/);
    // The folder of the weights has become numbers.
    const folder = parseConfig({ architecture: 'custom', heads: 1, normalisation: 'folder', mean: [0.1, 0.2, 0.3], std: [1, 1, 1] });
    expect(said(origin, parseConfig({ architecture: 'custom', heads: 1, ...originSettings(folder) }), folder)).toContain(
      'as for those weights',
    );
    expect(said(origin, config, folder)).toContain('not as the weights were trained: by mean 0.1, 0.2, 0.3');
    expect(normalisationText(folder)).toContain('its own folder');
  });
});
