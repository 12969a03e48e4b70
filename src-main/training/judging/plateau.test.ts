import { describe, expect, it } from 'vitest';
import { parseConfig, smallSteps } from '../../../shared/config/config.ts';
import { isJudgedAfter } from '../../../shared/config/evaluation-schedule.ts';
import { packAnswers } from '../../../shared/paired-error.ts';
import { Random } from '../../../shared/random.ts';
import { runShare } from '../../../shared/run-progress.ts';
import type { OnlineEvaluation } from '../../../shared/train-events.ts';
import { chosenConfig } from '../../engine/runs/chosen-config.ts';
import { healthOf, judgedRun } from './health.ts';
import { courseOf } from './plateau.ts';
import { decidingScore } from './scores.ts';

const queries = 483;
/** A run that is judged ten times. */
const ten = { steps: 5000, config: parseConfig({}) };

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

/**
 * The evaluations of a run whose vectors are right so often where a share of it is over; a query is about as hard at each of them, one in eight
 * answers wavers. `asks`: how often each query is asked, as crop retrieval asks both crops of an image.
 */
function runOf(course: (over: number) => number, seed: number, { steps, config } = ten, asks: 1 | 2 = 1): OnlineEvaluation[] {
  const random = new Random(seed, 'test');
  const hard = Array.from({ length: queries }, () => random.uniform());
  const judged = Array.from({ length: steps }, (_, i) => i + 1).filter(isJudgedAfter(config, steps));
  return judged.map((step) => {
    const share = course(runShare(config, steps, step));
    const isRight = (one: number): number => Number(one + random.between(-0.175, 0.175) < share);
    const answers = Float64Array.from(hard, (one) => (asks === 1 ? isRight(one) : (isRight(one) + isRight(one)) / 2));
    const score = answers.reduce((sum, answer) => sum + answer, 0) / queries;
    return evaluation(step, 0, { queries, whitened: { [asks === 1 ? 'knn' : 'retrieval']: score, answers: packAnswers(answers) } });
  });
}

interface Told {
  /** At which steps a run is told that it has not risen, with small crops and with whole ones. */
  readonly small: readonly number[];
  readonly whole: readonly number[];
  /** Whether the latter stands at its end. */
  readonly stands: boolean;
}

function told(run: readonly OnlineEvaluation[], { steps, config } = ten): Told {
  const [small, whole]: [number[], number[]] = [[], []];
  let stands = false;
  for (const [i, now] of run.entries()) {
    const { healthy, fresh } = healthOf(now, run.slice(0, i), undefined, judgedRun(config, steps));
    const says = (rule: string): boolean => fresh.some((note) => note.rule === rule);
    if (says('plateau of small crops')) small.push(now.step);
    if (says('plateau')) whole.push(now.step);
    stands = !healthy.includes('plateau') && (stands || says('plateau'));
  }
  return { small, whole, stands };
}

const seeds = Array.from({ length: 60 }, (_, seed) => seed);
const flat = (): number => 0.68;
/** As the README's picture has it: 71 % at the end, and less than three points in any third of a run from half of it on. */
const tenths = [0.52, 0.6, 0.64, 0.655, 0.665, 0.675, 0.682, 0.69, 0.697, 0.704, 0.71];
function rising(over: number): number {
  const before = Math.min(9, Math.floor(10 * over));
  return tenths[before]! + (10 * over - before) * (tenths[before + 1]! - tenths[before]!);
}

describe('the course of a run', () => {
  it('that rises by less than a point from one evaluation to the next is hardly ever called a standstill, hardly any to its end', () => {
    const runs = seeds.map((seed) => told(runOf(rising, seed)));
    expect(runs.filter(({ whole }) => whole.length > 0).length).toBeLessThan(9);
    expect(runs.filter(({ stands }) => stands).length).toBeLessThan(3);
  });

  it('that does not rise is told so', () => {
    const runs = seeds.map((seed) => told(runOf(flat, seed)));
    expect(runs.filter(({ whole }) => whole.length > 0).length).toBeGreaterThan(54);
  });

  it('is as sure without labels', () => {
    const few = seeds.slice(0, 20);
    const toldOf = (course: (over: number) => number): number =>
      few.filter((seed) => told(runOf(course, seed, ten, 2)).whole.length > 0).length;
    expect(toldOf(flat)).toBeGreaterThan(17);
    expect(toldOf(rising)).toBeLessThan(4);
  });

  it.each([
    ['small images', 32],
    ['photographs', 500],
  ])('is told in both parts of a run with the settings suggested for %s', (_, shortSide) => {
    const { config } = chosenConfig({ images: 10_000, shortSide }, {});
    const steps = Math.ceil((config.epochs * 10_000) / config.batchSize);
    const plan = { steps, config };
    const border = smallSteps(config, steps);
    expect(border).toBeGreaterThan(0);
    const few = seeds.slice(0, 20);
    const runs = (course: (over: number) => number): Told[] => few.map((seed) => told(runOf(course, seed, plan), plan));
    const still = runs(flat);
    expect(still.filter(({ small }) => small.length > 0).length).toBeGreaterThan(17);
    // Whole crops are few evaluations, and to tell so of them takes all of what they and those before say.
    expect(still.filter(({ whole }) => whole.length > 0).length).toBeGreaterThan(8);
    for (const { small, whole } of still) {
      expect(Math.max(0, ...small)).toBeLessThanOrEqual(border);
      expect(Math.min(steps, ...whole)).toBeGreaterThan(border);
    }
    expect(runs(rising).filter(({ small, whole }) => small.length + whole.length > 0).length).toBeLessThan(3);
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
    const at = (count: number): ReturnType<typeof healthOf> =>
      healthOf(run[count - 1]!, run.slice(0, count - 1), undefined, judgedRun(ten.config, 10));
    expect(at(4).fresh.map(({ rule }) => rule)).toEqual(['plateau']);
    expect(courseOf(run[4]!, run.slice(0, 4))).toBe('undecided');
    expect([at(5).fresh, at(5).healthy.includes('plateau')]).toEqual([[], false]);
  });

  it('is not known before the fourth evaluation', () => {
    expect(courseOf(evaluation(3, 0.5), [evaluation(1, 0.5), evaluation(2, 0.5)])).toBeUndefined();
    expect(decidingScore(runOf(rising, 1)[9]!)).toBeCloseTo(0.71, 1);
  });
});
