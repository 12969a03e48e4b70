import { describe, expect, it } from 'vitest';
import { packAnswers } from '../../../shared/paired-error.ts';
import type { OnlineEvaluation } from '../../../shared/train-events.ts';
import { limits } from './health-rules.ts';
import type { JudgedRun } from './health-rules.ts';
import { healthNotes, healthOf, healthRules, judgedRun } from './health.ts';
import { decidingScore } from './scores.ts';

const evaluation = (changes: Partial<OnlineEvaluation> & { readonly score?: number } = {}): OnlineEvaluation => {
  const { score = 0.5, ...rest } = changes;
  return {
    step: 10,
    raw: { knn: 0.9 },
    centred: { knn: 0.9 },
    whitened: { knn: score },
    rankMe: 12,
    meanCosine: 0.4,
    positionalShare: 0.3,
    ...rest,
  };
};

/** A run of which so much is still to come, at any step but its first. */
const leaving = (left: number): JudgedRun => ({ left: (step) => (step === 0 ? 1 : left), smallUntil: 0 });
/** A run of a hundred steps. */
const hundred = judgedRun({ smallFirst: 0 }, 100);

describe('the deciding score', () => {
  it('is whitened 20-NN, else whitened crop retrieval', () => {
    expect(decidingScore(evaluation({ score: 0.25 }))).toBe(0.25);
    expect(decidingScore({ whitened: { knn: 0.25, retrieval: 0.75 } })).toBe(0.25);
    expect(decidingScore({ whitened: { retrieval: 0.75 } })).toBe(0.75);
    expect(decidingScore({ whitened: {} })).toBe(0);
  });
});

describe('health notes', () => {
  const messages = (...args: Parameters<typeof healthNotes>): string[] => healthNotes(...args).map(({ message }) => message);

  it('are silent about a healthy run', () => {
    expect(healthNotes(evaluation(), [], undefined)).toEqual([]);
    expect(healthNotes(evaluation({ meanCosine: limits.collapseCosine, positionalShare: limits.positionalShare }), [], undefined)).toEqual(
      [],
    );
    // The figures of a run that goes well, from its start to its end.
    const untrained = evaluation({ score: 0.3, rankMe: 3, lidar: 10, alpha: 3.3, predictionMargin: 0.001, meanCosine: 0.97, queries: 500 });
    const course = Array.from({ length: 10 }, (_, i) =>
      evaluation({
        step: 10 * (i + 1),
        score: 0.36 + 0.03 * i,
        rankMe: 10 + 4 * i,
        lidar: 12 + i,
        alpha: 2 - 0.1 * i,
        predictionMargin: 0.002 + 0.04 * i,
        meanCosine: 0.9 - 0.05 * i,
        queries: 500,
      }),
    );
    for (const [i, one] of course.entries()) expect(healthNotes(one, course.slice(0, i), untrained, leaving(0.9 - 0.1 * i))).toEqual([]);
  });

  it('tell collapse, with the figure and what to do', () => {
    const [note] = healthNotes(evaluation({ meanCosine: 0.9912 }), [], undefined);
    expect(note!.message).toContain('mean cosine 0.991');
    expect(note!.message).toContain('collapsed');
    expect(note!.hint).toContain('contrast');
  });

  it('tell that position explains the targets, with the share', () => {
    const [note] = healthNotes(evaluation({ positionalShare: 0.853 }), [], undefined);
    expect(note!.message).toContain('85 %');
    expect(note!.hint).toContain('agreement');
  });

  it('do not blame a run for what its untrained network was already', () => {
    const untrained = evaluation({ meanCosine: 0.995, positionalShare: 0.95 });
    expect(messages(evaluation({ meanCosine: 0.99, positionalShare: 0.9 }), [], untrained)).toEqual([]);
    expect(messages(evaluation({ meanCosine: 0.999, positionalShare: 0.97 }), [], untrained).length).toBe(2);
  });

  it('tell a predictor that fits any image, once the run is no longer young', () => {
    const blind = evaluation({ predictionMargin: 0.004 });
    expect(messages(blind, [], undefined, leaving(0.9))).toEqual([]);
    expect(messages(blind, [], undefined, leaving(0.6))).toEqual([expect.stringContaining('cosine difference 0.004')]);
    expect(messages(evaluation({ predictionMargin: 0.05 }), [], undefined, leaving(0.6))).toEqual([]);
  });

  it.each([
    ['rankMe', 'RankMe is 9.0, after 20.0 at step 30'],
    ['lidar', 'LiDAR is 9.0, after 20.0 at step 30'],
  ] as const)('tell that %s has fallen from its best', (figure, words) => {
    const earlier = [12, 20, 15].map((value, i) => evaluation({ step: 20 + 10 * i, score: 0.1 * i, [figure]: value }));
    expect(messages(evaluation({ score: 0.9, [figure]: 9 }), earlier, undefined)).toEqual([expect.stringContaining(words)]);
    expect(messages(evaluation({ score: 0.9, [figure]: 11 }), earlier, undefined)).toEqual([]);
    // From three directions to one is how a young run wavers.
    expect(messages(evaluation({ [figure]: 1 }), [evaluation({ [figure]: 3 })], undefined)).toEqual([]);
  });

  it('tell a steep spectrum, unless the untrained network’s was as steep', () => {
    const steep = evaluation({ alpha: 2.8 });
    expect(messages(steep, [], evaluation({ score: 0, alpha: 1.5 }), leaving(0.6))).toEqual([expect.stringContaining('spectrum α 2.8')]);
    expect(messages(steep, [], evaluation({ score: 0, alpha: 3 }), leaving(0.6))).toEqual([]);
    expect(messages(steep, [], evaluation({ score: 0, alpha: 1.5 }), leaving(0.8))).toEqual([]);
  });

  it('advise to stop when quality has not moved for four evaluations', () => {
    const with3 = [0.6, 0.55, 0.5].map((score) => evaluation({ score }));
    expect(messages(evaluation({ score: 0.5 }), with3, undefined)).toEqual([expect.stringContaining('has not risen in the last four')]);
    expect(healthNotes(evaluation({ score: 0.5 }), with3, undefined)[0]!.hint).toContain('best checkpoint is kept');
    // At the end nobody needs to be told that stopping loses nothing.
    expect(messages(evaluation({ score: 0.5 }), with3, undefined, leaving(0.1))).toEqual([]);
    expect(messages(evaluation({ score: 0.5 }), with3, undefined, leaving(0.2))).toHaveLength(1);
    expect(messages(evaluation({ score: 0.4 }), with3.slice(1), undefined)).toEqual([]);
    // Only the last four count: an old best does not silence the note for ever, nor call for it.
    const rising = [0.9, 0.3, 0.35, 0.4].map((score) => evaluation({ score }));
    expect(messages(evaluation({ score: 0.45 }), rising, undefined)).toEqual([]);
  });

  it('take what the sample cannot tell from chance for no rise', () => {
    const course = (gain: number, queries: number): string[] => {
      const scores = [0.5, 0.5, 0.5 + gain, 0.5].map((score) => evaluation({ score, queries }));
      return messages(scores[3]!, scores.slice(0, 3), undefined, leaving(0.4));
    };
    expect(course(0.02, 200)).toEqual([
      'The quality has not risen in the last four evaluations by more than chance (±5.0 points with 200 queries).',
    ]);
    expect(course(0.02, 4000)).toEqual([]);
    expect(course(0.1, 200)).toEqual([]);
  });

  it('tell in the second half that nothing was learned', () => {
    const untrained = evaluation({ score: 0.3, queries: 400 });
    const now = evaluation({ score: 0.34, queries: 400 });
    expect(messages(now, [], untrained, leaving(0.5))).toEqual([expect.stringContaining('(34.0 against 30.0 %)')]);
    expect(messages(now, [], untrained, leaving(0.6))).toEqual([]);
    expect(messages(evaluation({ score: 0.38, queries: 400 }), [], untrained, leaving(0.5))).toEqual([]);
    // Where the log holds which queries were right, a smaller lead is clear: here sixteen more, and all others as before.
    const right = (queries: number): Pick<OnlineEvaluation, 'whitened'> => ({
      whitened: { knn: queries / 400, answers: packAnswers(Float64Array.from({ length: 400 }, (_, i) => Number(i < queries))) },
    });
    const before = { ...untrained, ...right(120) };
    expect(messages({ ...now, ...right(136) }, [], before, leaving(0.5))).toEqual([]);
    expect(messages({ ...now, ...right(122) }, [], before, leaving(0.5))).toHaveLength(1);
  });

  it('tell what a run has made of the weights that it began with', () => {
    const [untrained, origin] = [evaluation({ score: 0.2, queries: 400 }), evaluation({ score: 0.5, queries: 400 })];
    const said = (score: number, left: number): string[] =>
      messages(evaluation({ score, queries: 400 }), [], untrained, leaving(left), origin);
    // Far above the untrained network, and yet spoilt: not held against it while it is young, and without waiting for half of the run.
    expect(said(0.35, 0.8)).toEqual([]);
    expect(said(0.35, 0.6)).toEqual([
      expect.stringMatching(/worse than those of the weights that it began with \(35\.0 against 50\.0 %\)/),
    ]);
    expect(said(0.51, 0.6)).toEqual([]);
    expect(said(0.51, 0.5)).toEqual([expect.stringContaining('not clearly better than those of the weights that it began with')]);
    expect(said(0.65, 0.5)).toEqual([]);
    const healthy = (score: number): readonly string[] =>
      healthOf(evaluation({ score, queries: 400 }), [], untrained, leaving(0.5), origin).healthy;
    // What has become worse does not take back that nothing was gained.
    expect(healthy(0.35)).not.toContain('nothing gained');
    expect(healthy(0.65)).toEqual(expect.arrayContaining(['nothing gained', 'worse than its start']));
    expect(healthOf(evaluation(), [], untrained).healthy).not.toContain('worse than its start');
  });

  it('compare with the weights that it began with, not with random ones', () => {
    const [untrained, origin] = [evaluation({ score: 0.2, meanCosine: 0.999 }), evaluation({ score: 0.2, meanCosine: 0.3 })];
    const now = evaluation({ meanCosine: 0.99 });
    expect(messages(now, [], untrained)).toEqual([]);
    expect(messages(now, [], untrained, leaving(1), origin)).toEqual([expect.stringContaining('collapsed')]);
  });

  it('have a next step in every rule', () => {
    expect(healthRules).toHaveLength(new Set(healthRules).size);
    const earlier = [20, 20, 20].map((rankMe, i) => evaluation({ step: i + 1, rankMe, lidar: rankMe, score: 0.2 }));
    const bad = { unreadable: 1, meanCosine: 0.99, positionalShare: 0.9, predictionMargin: 0, rankMe: 2, lidar: 2, alpha: 4, score: 0.1 };
    const bare = evaluation({ score: 0.2, meanCosine: 0.5 });
    // Of whole crops, and of small ones; what has become worse, and what has merely gained nothing, are told of different runs.
    const notes = [
      ...healthNotes(evaluation(bad), earlier, bare, leaving(0.4), bare),
      ...healthNotes(evaluation({ score: 0.1 }), earlier.slice(0, 3), undefined, { ...leaving(0.4), smallUntil: 20 }),
      ...healthNotes(bare, [], undefined, leaving(0.4), bare),
    ];
    expect(new Set(notes.map(({ rule }) => rule))).toEqual(new Set(healthRules));
    for (const { message, hint } of notes) expect([message.length > 20, hint.length > 20, /[.]$/.test(hint)]).toEqual([true, true, true]);
  });

  it('hold on while they are not said, and are over when the figures say so', () => {
    const course = [0.6, 0.55, 0.5, 0.5, 0.5].map((score, i) => evaluation({ step: 10 * (i + 1), score }));
    const at = (now: OnlineEvaluation, left: number): ReturnType<typeof healthOf> => healthOf(now, course, undefined, leaving(left));
    // Near the end nobody needs to hear it; still it is so.
    const still = at(evaluation({ step: 60, score: 0.5 }), 0.05);
    expect([still.fresh, still.healthy.includes('plateau')]).toEqual([[], false]);
    expect(at(evaluation({ step: 60, score: 0.7 }), 0.05).healthy).toContain('plateau');
    // What cannot be told is neither: without the evaluations before, or figures that a run does not have.
    expect(healthOf(evaluation(), [], undefined).healthy).toEqual(['unreadable', 'collapse', 'position']);
    const full = evaluation({ lidar: 10, alpha: 1, predictionMargin: 0.2, score: 0.9 });
    const poor = evaluation({ score: 0.1 });
    const all = healthOf(full, course, poor, leaving(1), poor).healthy;
    expect([...all, 'plateau of small crops'].toSorted()).toEqual(healthRules.toSorted());
  });

  it('are given once for what stays as it is, and again when it comes back', () => {
    const sick = evaluation({ meanCosine: 0.99, score: 0.1 });
    const worse = evaluation({ meanCosine: 0.995, score: 0.2 });
    const well = evaluation({ score: 0.3 });
    expect(healthOf(sick, [], undefined).fresh.length).toBe(1);
    expect(healthOf(worse, [sick], undefined).fresh).toEqual([]);
    expect(healthOf(worse, [sick, well], undefined).fresh.length).toBe(1);
    // A rule that was silent only because the run was young counts as fresh once it is not.
    const blind = (step: number): OnlineEvaluation => evaluation({ step, predictionMargin: 0.001, score: step });
    expect(healthOf(blind(20), [blind(10)], undefined, hundred).fresh).toEqual([]);
    expect(healthOf(blind(30), [blind(10), blind(20)], undefined, hundred).fresh).toHaveLength(1);
    expect(healthOf(blind(40), [blind(10), blind(20), blind(30)], undefined, hundred).fresh).toEqual([]);
    // Something new beside what is known.
    expect(healthOf({ ...worse, positionalShare: 0.9 }, [sick], undefined).fresh).toEqual([
      expect.objectContaining({ hint: expect.stringContaining('agreement') as unknown }),
    ]);
  });

  it('of a run whose crops are smaller first judge each part by itself, and a predictor from where it begins', () => {
    const flat = [0.6, 0.55, 0.5, 0.5, 0.5].map((score, i) => evaluation({ step: 10 * (i + 1), score, queries: 400 }));
    const rules = (now: OnlineEvaluation, smallFirst: number): string[] =>
      healthNotes(now, flat, undefined, judgedRun({ smallFirst }, 100)).map(({ rule }) => rule);
    const still = evaluation({ step: 60, score: 0.5, queries: 400 });
    expect(rules(still, 0)).toEqual(['plateau']);
    expect(rules(still, 0.8)).toEqual(['plateau of small crops']);
    expect(rules({ ...still, whitened: { knn: 0.7 } }, 0.8)).toEqual([]);
    // Those of small crops do not count after them: three of whole crops are too few.
    expect(rules(still, 0.39)).toEqual([]);
    expect(rules(still, 0.2)).toEqual(['plateau']);
    const blind = (step: number): OnlineEvaluation => evaluation({ step, predictionMargin: 0.001, score: 0.7 });
    expect(rules(blind(85), 0)).toContain('blind predictor');
    expect(rules(blind(85), 0.8)).not.toContain('blind predictor');
    expect(rules(blind(87), 0.8)).toContain('blind predictor');
  });

  it('of small crops advise nobody to stop, and are over by a rise with small crops alone', () => {
    const course = [0.6, 0.6, 0.6, 0.6].map((score, i) => evaluation({ step: 10 * (i + 1), score, queries: 400 }));
    const run = judgedRun({ smallFirst: 0.8 }, 100);
    const [note] = healthNotes(course[3]!, course.slice(0, 3), undefined, run);
    expect(note!.message).toBe('With small crops the quality has not risen in the last four evaluations.');
    expect(note!.hint).toContain('no reason to stop');
    const healthyAt = (step: number): readonly string[] =>
      healthOf(evaluation({ step, score: 0.8, queries: 400 }), course, undefined, run).healthy;
    expect([healthyAt(50), healthyAt(90)].map((names) => names.includes('plateau of small crops'))).toEqual([true, false]);
    // What has learned nothing is not told that fewer steps would do, nor that it rises.
    const untrained = evaluation({ score: 0.58, queries: 400 });
    const { fresh, healthy } = healthOf(course[3]!, course.slice(0, 3), untrained, run);
    expect([fresh, healthy.includes('plateau of small crops')]).toEqual([[], false]);
  });

  it('go by the work of a run: half of it is over long after half of the steps where those are small first', () => {
    const untrained = evaluation({ score: 0.5, queries: 400 });
    const rules = (step: number, smallFirst: number): string[] =>
      healthNotes(evaluation({ step, queries: 400 }), [], untrained, judgedRun({ smallFirst }, 100)).map(({ rule }) => rule);
    expect([rules(50, 0), rules(50, 0.85), rules(73, 0.85)]).toEqual([['nothing learned'], [], ['nothing learned']]);
  });
});
