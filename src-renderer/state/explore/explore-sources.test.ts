import { describe, expect, it } from 'vitest';
import type { EmbeddingSource } from '../../../shared/contract/contract-explore.ts';
import type { RunSummary } from '../../../shared/contract/contract-runs.ts';
import { checkpointChoices, copiesIn, missingOf, pickOther, pickSource, sourceOf, stepOf } from './explore-sources.ts';

const source = (run: string, step: number, layer: 'last' | 'last4' = 'last'): EmbeddingSource => ({
  run,
  step,
  layer,
  dimension: 8,
  embedded: 90,
  images: 100,
});
const sources = [source('b', 20), source('a', 10), source('a', 10, 'last4')];
const run = { name: 'a', checkpoints: [5, 10], bestStep: 5 } as unknown as RunSummary;

describe('vectors', () => {
  it('are one for each content: the folder tells how many files are copies', () => {
    expect([copiesIn({ images: 301 }, 300), copiesIn({ images: 100 }, 100), copiesIn(undefined, 300)]).toEqual([1, 0, 0]);
  });

  it('are those that were chosen, else of the run that was asked for, else the newest', () => {
    expect(pickSource(sources, { run: 'a', step: 10, layer: 'last4' }, 'b')).toBe(sources[2]);
    expect(pickSource(sources, { run: 'gone', step: 1, layer: 'last' }, 'a')).toBe(sources[1]);
    expect(pickSource(sources, { run: 'a', step: 1, layer: 'last' }, undefined)).toBe(sources[1]);
    expect(pickSource(sources, undefined, undefined)).toBe(sources[0]);
    expect(pickSource([], undefined, 'a')).toBeUndefined();
  });

  it('are compared with those of another run first', () => {
    expect(pickOther(sources, sources[1]!, undefined)).toBe(sources[0]);
    expect(pickOther(sources.slice(1), sources[1]!, undefined)).toBe(sources[2]);
    expect(pickOther([sources[0]!], sources[0]!, undefined)).toBe(sources[0]);
  });

  it('may be missing for some images', () => {
    expect(missingOf(source('a', 1))).toBe(10);
    expect(missingOf({ ...source('a', 1), embedded: 120 })).toBe(0);
  });

  it('can be made at each step once', () => {
    expect(checkpointChoices({ ...run, checkpoints: [5, 10, 10] })).toEqual(['best', 'latest', '10', '5']);
  });

  it('belong to the step that a checkpoint means', () => {
    expect([stepOf(run, 'best'), stepOf(run, 'latest'), stepOf(run, '7')]).toEqual([5, 10, 7]);
    expect(stepOf({ ...run, bestStep: undefined }, 'best')).toBe(10);
    expect(sourceOf(sources, run, 'latest', 'last4')).toBe(sources[2]);
    expect(sourceOf(sources, run, 'best', 'last')).toBeUndefined();
  });
});
