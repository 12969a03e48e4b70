import { describe, expect, it } from 'vitest';
import { packAnswers } from '../../shared/paired-error.ts';
import { Random } from '../../shared/random.ts';
import type { OnlineEvaluation } from '../../shared/train-events.ts';
import { healthOf } from './health.ts';
import { courseOf } from './plateau.ts';
import { decidingScore } from './scores.ts';

const queries = 483;

const evaluation = (step: number, score: number, more: Partial<OnlineEvaluation> = {}): OnlineEvaluation => ({
  step,
  raw: {},
  centred: {},
  whitened: { knn: score },
  rankMe: 12,
  meanCosine: 0.2,
  positionalShare: 0.3,
  ...more,
});

/** A run of ten evaluations whose vectors are right so often; a query is about as hard at each of them, one in eight answers wavers. */
function runOf(shares: readonly number[], seed: number): OnlineEvaluation[] {
  const random = new Random(seed, 'test');
  const hard = Array.from({ length: queries }, () => random.uniform());
  return shares.map((share, i) => {
    const answers = Float64Array.from(hard, (one) => Number(one + random.between(-0.175, 0.175) < share));
    const score = answers.reduce((sum, answer) => sum + answer, 0) / queries;
    return evaluation(500 * (i + 1), score, { queries, whitened: { knn: score, answers: packAnswers(answers) } });
  });
}

/** Steps at which a run is told that it has not risen, and whether that stands at its end. */
function told(run: readonly OnlineEvaluation[]): { readonly steps: readonly number[]; readonly stands: boolean } {
  const steps: number[] = [];
  let stands = false;
  for (const [i, now] of run.entries()) {
    const { healthy, fresh } = healthOf(now, run.slice(0, i), undefined, 1 - (i + 1) / run.length);
    if (healthy.includes('plateau')) stands = false;
    if (!fresh.some(({ rule }) => rule === 'plateau')) continue;
    steps.push(now.step);
    stands = true;
  }
  return { steps, stands };
}

const seeds = Array.from({ length: 60 }, (_, seed) => seed);
/** As the README's picture has it: 71 % at the last of ten, and less than three points in any four of them from half of the run on. */
const rising = [0.6, 0.64, 0.655, 0.665, 0.675, 0.682, 0.69, 0.697, 0.704, 0.71];

describe('the course of a run', () => {
  it('that rises by less than a point from one evaluation to the next is hardly ever called a standstill, hardly any to its end', () => {
    const runs = seeds.map((seed) => told(runOf(rising, seed)));
    expect(runs.filter(({ steps }) => steps.length > 0).length).toBeLessThan(9);
    expect(runs.filter(({ stands }) => stands).length).toBeLessThan(3);
  });

  it('that does not rise is told so', () => {
    const flat = Array<number>(10).fill(0.68);
    const runs = seeds.map((seed) => told(runOf(flat, seed)));
    expect(runs.filter(({ steps }) => steps.length > 0).length).toBeGreaterThan(54);
  });

  it('is measured by the answers of the same queries, where they are known', () => {
    const right = (count: number): Partial<OnlineEvaluation> => ({
      queries,
      whitened: { knn: count / queries, answers: packAnswers(Float64Array.from({ length: queries }, (_, i) => Number(i < count))) },
    });
    // Ten queries more and all others as before: independent ones would leave three points to chance.
    const counts = [320, 328, 330, 329];
    const paired = counts.map((count, i) => evaluation(i, 0, right(count)));
    const unpaired = counts.map((count, i) => evaluation(i, count / queries, { queries }));
    expect(courseOf(paired[3]!, paired.slice(0, 3))).toBe('rising');
    expect(courseOf(unpaired[3]!, unpaired.slice(0, 3))).toEqual({
      gain: expect.closeTo(10 / queries, 9) as number,
      noise: expect.closeTo(0.03, 2) as number,
    });
    // One evaluation whose answers are of other queries: nothing can be paired.
    const mixed = [{ ...paired[0]!, queries: 480 }, ...paired.slice(1)];
    expect(courseOf(mixed[3]!, mixed.slice(0, 3))).toMatchObject({ noise: expect.closeTo(0.03, 2) as number });
  });

  it('rises by a trend that no single evaluation shows', () => {
    // Within the last four the gain is none, where the second half is two points above the first.
    const scores = [0.6, 0.6, 0.635, 0.63, 0.635, 0.634];
    const run = scores.map((score, i) => evaluation(i, score, { queries: 2000 }));
    expect(courseOf(run[5]!, run.slice(0, 5))).toBe('rising');
    const few = scores.map((score, i) => evaluation(i, score, { queries: 200 }));
    expect(courseOf(few[5]!, few.slice(0, 5))).toMatchObject({ gain: 0 });
  });

  it('is undecided where the latest is the best, but not by more than chance: nothing is said, and nothing taken back', () => {
    const run = [0.6, 0.6, 0.6, 0.6, 0.605].map((score, i) => evaluation(i + 1, score, { queries: 200 }));
    const at = (count: number): ReturnType<typeof healthOf> => healthOf(run[count - 1]!, run.slice(0, count - 1), undefined, 0.5);
    expect(at(4).fresh.map(({ rule }) => rule)).toEqual(['plateau']);
    expect(courseOf(run[4]!, run.slice(0, 4))).toBe('undecided');
    expect([at(5).fresh, at(5).healthy.includes('plateau')]).toEqual([[], false]);
  });

  it('is not known before the fourth evaluation', () => {
    expect(courseOf(evaluation(3, 0.5), [evaluation(1, 0.5), evaluation(2, 0.5)])).toBeUndefined();
    expect(decidingScore(runOf(rising, 1)[9]!)).toBeCloseTo(0.71, 1);
  });
});
