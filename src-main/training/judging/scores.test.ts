import { expect, it } from 'vitest';
import { unpackAnswers } from '../../../shared/paired-error.ts';
import { Random } from '../../../shared/random.ts';
import { evaluateCrops, evaluateLabelled } from '../../evaluation/evaluate.ts';
import { spaceScores } from './scores.ts';

const random = new Random(1, 'test');
const vectors = (count: number): Float32Array => Float32Array.from({ length: 4 * count }, () => random.normal());
const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

it('what was answered is logged with either score, as that many answers of the same mean', () => {
  const common = { source: 'run', dimension: 4, bank: vectors(30) } as const;
  const labels = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i % 3);
  const { whitened: labelled } = spaceScores(
    evaluateLabelled({ ...common, bankLabels: labels(30), queries: vectors(21), queryLabels: labels(21) }, { probe: false }),
  );
  expect(mean(unpackAnswers(labelled.answers!, 21)!)).toBeCloseTo(labelled.knn!, 12);
  const first = vectors(21);
  // Close enough for many crops to find their partners, and some in one direction alone.
  const second = first.map((value) => value + 0.5 * random.normal());
  const { whitened: found, raw } = spaceScores(evaluateCrops({ ...common, first, second }));
  const answers = unpackAnswers(found.answers!, 21)!;
  expect(mean(answers)).toBeCloseTo(found.retrieval!, 12);
  expect(new Set(answers)).toEqual(new Set([0, 0.5, 1]));
  expect(unpackAnswers(raw.answers!, 21)).toHaveLength(21);
});
