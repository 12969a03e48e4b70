import { describe, expect, it } from 'vitest';
import { packAnswers } from './paired-error.ts';
import { compareRun, differenceError, resultOf, resultText, verdictOf } from './run-verdict.ts';
import type { OnlineEvaluation, SpaceScores } from './train-events.ts';

describe('the verdict on a run', () => {
  it('says both baselines, the better one first, and how many asked', () => {
    expect(compareRun({ task: 'knn', run: 0.61, untrained: 0.41, pixels: 0.46, queries: 2000 })).toEqual({
      verdict: 'better',
      headline: 'Neighbours agree with your folders 61 % (raw pixels 46 %, untrained network 41 %; 2,000 queries)',
      statement: '15.0 points above raw pixels: more than chance would explain with 2,000 queries (±3.1 points).',
    });
    expect(compareRun({ task: 'retrieval', run: 0.9, untrained: 0.5, pixels: 0.4, queries: 1000 }).headline).toBe(
      'Two crops of an image find each other 90 % of the time (untrained network 50 %, raw pixels 40 %; 1,000 images)',
    );
  });

  it('says what a clear lead by crops does not, where it is one', () => {
    const by = (task: 'knn' | 'retrieval', run: number): ReturnType<typeof compareRun> =>
      compareRun({ task, run, pixels: 0.4, untrained: 0.5, queries: 1000 });
    expect(by('retrieval', 0.9).caveat).toBe(
      'That crops of one image find each other does not show that neighbouring images are of the same kind.',
    );
    for (const other of [by('knn', 0.9), by('retrieval', 0.51), by('retrieval', 0.4)]) expect(other.caveat).toBeUndefined();
    expect(withScores({ retrieval: 0.9 }, { retrieval: 0.5 }, { retrieval: 0.4 })).toMatch(
      /points\)\. That crops of one image find each other does not show that neighbouring images are of the same kind\. That is the best checkpoint/,
    );
  });

  it('calls the same lead clear or not by the number that asked', () => {
    const lead = (queries: number): ReturnType<typeof compareRun> =>
      compareRun({ task: 'knn', run: 0.5, pixels: 0.44, untrained: 0.3, queries });
    expect(lead(2000).verdict).toBe('better');
    expect(lead(100)).toMatchObject({
      verdict: 'not-clearly-better',
      statement: 'Not clearly better than raw pixels: a lead of 6.0 points may be chance with 100 queries (±14.1 points).',
    });
    // At two standard errors exactly it is not clear yet.
    const queries = Math.round((differenceError(0.5, 0.44, 1) / 0.03) ** 2);
    expect(lead(queries - 5).verdict).toBe('not-clearly-better');
    expect(lead(queries + 5).verdict).toBe('better');
  });

  it('takes the error of a lead where it is known', () => {
    const lead = (pixels: number): ReturnType<typeof compareRun> =>
      compareRun({ task: 'knn', run: 0.5, pixels: 0.44, untrained: 0.3, queries: 100, errors: { pixels, untrained: 0.05 } });
    expect(lead(0.029)).toMatchObject({
      verdict: 'better',
      statement: '6.0 points above raw pixels: more than chance would explain with 100 queries (±5.8 points).',
    });
    expect(lead(0.031).verdict).toBe('not-clearly-better');
  });

  it('is clear only where each lead is, and speaks of the one that is not, or is the narrowest in terms of its own noise', () => {
    // The weights it began with answer nearly as the run does: a lead over them is clear sooner than a larger one over lower baselines.
    const beside = (errors: NonNullable<Parameters<typeof compareRun>[0]['errors']>, task: 'knn' | 'retrieval' = 'knn') =>
      compareRun({ task, run: 0.6, origin: 0.58, pixels: 0.57, untrained: 0.4, queries: 1000, errors });
    expect(beside({ origin: 0.004, pixels: 0.016, untrained: 0.02 })).toMatchObject({
      verdict: 'not-clearly-better',
      statement: 'Not clearly better than raw pixels: a lead of 3.0 points may be chance with 1,000 queries (±3.2 points).',
    });
    expect(beside({ origin: 0.004, pixels: 0.014, untrained: 0.02 })).toMatchObject({
      verdict: 'better',
      statement: '3.0 points above raw pixels: more than chance would explain with 1,000 queries (±2.8 points).',
    });
    expect(beside({ origin: 0.009, pixels: 0.01, untrained: 0.02 }).statement).toContain(
      '2.0 points above the weights it began with: more',
    );
    // Of several that may be chance the one that is most likely that.
    expect(beside({ origin: 0.012, pixels: 0.03, untrained: 0.02 }).statement).toContain('Not clearly better than raw pixels');
    expect(beside({ origin: 0.004, pixels: 0.014, untrained: 0.11 }).statement).toContain('Not clearly better than the untrained network');
    expect(beside({ origin: 0.004, pixels: 0.016, untrained: 0.02 }, 'retrieval').caveat).toBeUndefined();
  });

  it('says plainly what is not beaten', () => {
    const statement = (run: number, pixels: number, untrained: number): string =>
      compareRun({ task: 'knn', run, pixels, untrained, queries: 500 }).statement;
    expect(statement(0.3, 0.46, 0.41)).toBe('No better than raw pixels or the untrained network.');
    expect(statement(0.43, 0.46, 0.41)).toBe('No better than raw pixels; 2.0 points above the untrained network.');
    expect(statement(0.46, 0.46, 0.41)).toContain('No better than raw pixels;');
    expect(compareRun({ task: 'knn', run: 0.3, queries: 500 })).toMatchObject({
      verdict: 'no-baseline',
      statement: 'There is nothing to compare it with.',
    });
  });

  it('sets a run that began with weights beside those, too', () => {
    const beside = (run: number): ReturnType<typeof compareRun> =>
      compareRun({ task: 'knn', run, pixels: 0.46, untrained: 0.41, origin: 0.6, queries: 2000 });
    // What it did not do better than the weights it was given is no success of its own, however far above pixels it is.
    expect(beside(0.55)).toEqual({
      verdict: 'not-better',
      headline:
        'Neighbours agree with your folders 55 % (weights it began with 60 %, raw pixels 46 %, untrained network 41 %; 2,000 queries)',
      statement: 'No better than the weights it began with; 9.0 points above raw pixels.',
    });
    expect(beside(0.7).statement).toContain('10.0 points above the weights it began with: more than chance');
    const of = (knn: number): OnlineEvaluation => ({
      step: 0,
      raw: {},
      centred: {},
      whitened: { knn },
      rankMe: 1,
      meanCosine: 0,
      positionalShare: 0,
      queries: 2000,
    });
    const baselines = { untrained: of(0.41), pixels: of(0.46), origin: of(0.6) };
    expect(verdictOf(of(0.55), baselines)).toEqual(beside(0.55));
    expect(verdictOf(of(0.7), baselines)!.verdict).toBe('better');
  });

  it('claims nothing where nobody knows how many asked', () => {
    expect(compareRun({ task: 'knn', run: 0.9, pixels: 0.1, untrained: 0.1 })).toMatchObject({
      verdict: 'not-clearly-better',
      headline: 'Neighbours agree with your folders 90 % (raw pixels 10 %, untrained network 10 %)',
    });
  });

  it('has the error of independent shares, which is no smaller than that of paired answers', () => {
    expect(differenceError(0.5, 0.5, 200)).toBeCloseTo(0.05, 12);
    // 200 images that ask both: 80 right with both, 20 only with the run, 10 only with the baseline, 90 with neither.
    const [onlyRun, onlyBaseline, n] = [20, 10, 200];
    const paired = Math.sqrt(onlyRun + onlyBaseline - (onlyRun - onlyBaseline) ** 2 / n) / n;
    expect(differenceError(100 / n, 90 / n, n)).toBeGreaterThan(paired);
  });
});

const evaluation = (step: number, whitened: SpaceScores): OnlineEvaluation => ({
  step,
  raw: {},
  centred: {},
  whitened,
  rankMe: 9,
  meanCosine: 0.1,
  positionalShare: 0.2,
  queries: 500,
});
const withScores = (own: SpaceScores, untrained: SpaceScores, pixels: SpaceScores): string | undefined =>
  resultText({
    best: 1200,
    evaluations: [evaluation(1200, own), evaluation(2400, {})],
    baselines: { untrained: evaluation(0, untrained), pixels: { raw: {}, centred: {}, whitened: pixels } },
  });

describe('what came of a run', () => {
  it('says the best checkpoint beside both baselines, and plainly whether it is above them by more than chance', () => {
    expect(withScores({ knn: 0.61 }, { knn: 0.41 }, { knn: 0.46 })).toBe(
      'Neighbours agree with your folders 61 % (raw pixels 46 %, untrained network 41 %; 500 queries). 15.0 points above raw pixels: more than chance would explain with 500 queries (±6.2 points). That is the best checkpoint, step 1,200, in the whitened space. It was chosen from 2 evaluations on these same queries, which flatters it slightly. Evaluating the checkpoint uses held-out queries, if the folder has enough.',
    );
    expect(withScores({ knn: 0.431 }, { knn: 0.38 }, { knn: 0.412 })).toContain('Not clearly better than raw pixels: a lead of 1.9 points');
    expect(withScores({ knn: 0.4 }, { knn: 0.38 }, { knn: 0.412 })).toContain(
      'No better than raw pixels; 2.0 points above the untrained network.',
    );
    expect(withScores({ retrieval: 0.4 }, { retrieval: 0.5 }, { retrieval: 0.3 })).toMatch(
      /^Two crops.*No better than the untrained network;/,
    );
    expect(withScores({ retrieval: 0.2 }, { retrieval: 0.5 }, { retrieval: 0.3 })).toContain(
      'No better than the untrained network or raw pixels.',
    );
    expect(resultText({ best: undefined, evaluations: [], baselines: undefined })).toBeUndefined();
    expect(resultText({ best: 5, evaluations: [evaluation(5, { knn: 0.5 })], baselines: undefined })).toContain(
      'nothing to compare it with',
    );
    // Others judged before: those after them were chosen from.
    const late = [evaluation(5, { knn: 0.6 }), evaluation(9, { knn: 0.5 })];
    const found = { best: 9, evaluations: late, baselines: undefined };
    expect(resultText(found)).toContain('It was chosen from 2 evaluations');
    // One that is not the highest may be the best checkpoint, within one standard error of that.
    expect(resultText(found)).not.toContain('best of');
    expect(resultText({ ...found, judgedSince: 5 })).not.toContain('evaluations');
    // Of one evaluation nothing was chosen.
    expect(resultText({ best: 5, evaluations: [evaluation(5, { knn: 0.5 })], baselines: undefined })).toMatch(/in the whitened space\.$/);
  });

  it('says of a score from before other images judged that it compares with no baseline', () => {
    const evaluations = [evaluation(5, { knn: 0.6 }), evaluation(9, { knn: 0.5 })];
    const baselines = { untrained: evaluation(0, { knn: 0.2 }), pixels: { raw: {}, centred: {}, whitened: { knn: 0.3 } } };
    const since = (judgedSince: number | undefined) => ({ best: 9, evaluations, baselines, judgedSince });
    expect(resultOf(since(undefined))!.verdict).toBe('better');
    expect(resultOf(since(8))!.verdict).toBe('better');
    // It was made before the run went on from that very step.
    expect(resultOf(since(9))).toEqual({
      best: 9,
      verdict: 'no-baseline',
      headline: 'Neighbours agree with your folders 50 % (500 queries)',
      statement: 'It was evaluated on other images or labels than the baselines are now, so the two do not compare.',
    });
    expect(resultText(since(9))).not.toMatch(/raw pixels|untrained/);
    // Where the log was taken back to before the note its evaluations tell by what they asked.
    const other = (changed: Partial<OnlineEvaluation>): string =>
      resultOf({ ...since(undefined), baselines: { ...baselines, untrained: { ...baselines.untrained, ...changed } } })!.verdict;
    const asking = evaluations.map((one) => ({ ...one, asked: 'these' }));
    expect(other({ asked: 'others' })).toBe('better');
    expect(resultOf({ ...since(undefined), evaluations: asking })!.verdict).toBe('better');
    const askedBy = (asked: string) => ({ ...baselines, untrained: { ...baselines.untrained, asked } });
    expect(resultOf({ ...since(undefined), evaluations: asking, baselines: askedBy('these') })!.verdict).toBe('better');
    expect(resultOf({ ...since(undefined), evaluations: asking, baselines: askedBy('others') })!.verdict).toBe('no-baseline');
    const labelled = evaluations.map((one) => ({ ...one, lookedUpIn: 'these' }));
    const labelledBy = (lookedUpIn: string) => ({ ...baselines, untrained: { ...baselines.untrained, lookedUpIn } });
    expect(resultOf({ ...since(undefined), evaluations: labelled })!.verdict).toBe('better');
    expect(resultOf({ ...since(undefined), evaluations: labelled, baselines: labelledBy('these') })!.verdict).toBe('better');
    expect(resultOf({ ...since(undefined), evaluations: labelled, baselines: labelledBy('others') })!.verdict).toBe('no-baseline');
    // By crops, then by labels.
    expect(other({ whitened: { retrieval: 0.2 } })).toBe('no-baseline');
    // A run without baselines has not been judged otherwise.
    expect(resultOf({ ...since(9), baselines: undefined })!.statement).toBe('There is nothing to compare it with.');
  });

  it('is clear sooner where the log holds which queries were right, as long as the same ones asked', () => {
    const right = (count: number): SpaceScores => ({
      knn: count / 500,
      answers: packAnswers(Float64Array.from({ length: 500 }, (_, i) => Number(i < count))),
    });
    const own = evaluation(5, right(270));
    const baselines = { untrained: evaluation(0, right(200)), pixels: { raw: {}, centred: {}, whitened: right(250) } };
    // Twenty queries more, and all others answered alike: independent ones would leave 6.3 points to chance.
    expect(verdictOf(own, baselines)!.statement).toBe(
      '4.0 points above raw pixels: more than chance would explain with 500 queries (±1.8 points).',
    );
    expect(verdictOf({ ...own, queries: 499 }, baselines)!.verdict).toBe('not-clearly-better');
    expect(verdictOf({ ...own, unreadable: 1 }, baselines)!.verdict).toBe('not-clearly-better');
    // As many, but others.
    const askedBy = (word: string): typeof baselines => ({ ...baselines, untrained: { ...baselines.untrained, asked: word } });
    expect(verdictOf({ ...own, asked: 'these' }, askedBy('these'))!.verdict).toBe('better');
    expect(verdictOf({ ...own, asked: 'these' }, askedBy('others'))!.verdict).toBe('not-clearly-better');
    const labelledBy = (word: string): typeof baselines => ({ ...baselines, untrained: { ...baselines.untrained, lookedUpIn: word } });
    // An earlier version did not write it down.
    expect(verdictOf({ ...own, lookedUpIn: 'these' }, baselines)!.verdict).toBe('better');
    expect(verdictOf({ ...own, lookedUpIn: 'these' }, labelledBy('these'))!.verdict).toBe('better');
    expect(verdictOf({ ...own, lookedUpIn: 'these' }, labelledBy('others'))!.verdict).toBe('not-clearly-better');
    expect(verdictOf(evaluation(5, { knn: 0.54 }), baselines)!.statement).toContain('(±6.3 points)');
  });

  it('is as clear without labels, where the log holds what each image was answered', () => {
    // Both of its crops found each other, or one of them.
    const found = (both: number, one: number): SpaceScores => ({
      retrieval: (both + one / 2) / 500,
      answers: packAnswers(Float64Array.from({ length: 500 }, (_, i) => (i < both ? 1 : i < both + one ? 0.5 : 0))),
    });
    const own = evaluation(5, found(250, 40));
    const baselines = { untrained: evaluation(0, found(200, 0)), pixels: { raw: {}, centred: {}, whitened: found(250, 0) } };
    // Independent ones would leave 6.3 points to chance.
    expect(verdictOf(own, baselines)!.statement).toBe(
      '4.0 points above raw pixels: more than chance would explain with 500 images (±1.3 points).',
    );
  });

  it('speaks of folders only where their names are the labels', () => {
    const own = evaluation(5, { knn: 0.61 });
    expect(verdictOf(own, undefined)!.headline).toContain('agree with your folders 61 %');
    expect(verdictOf({ ...own, labelsFrom: 'file' }, undefined)!.headline).toContain('agree with your labels 61 %');
  });

  it('is said in any space, by labels or by crops', () => {
    const own = { ...evaluation(5, { knn: 0.5 }), raw: { retrieval: 0.4 } };
    const baselines = { untrained: evaluation(0, {}), pixels: { raw: { retrieval: 0.2 }, centred: {}, whitened: {} } };
    expect(verdictOf(own, baselines, 'raw')!.headline).toBe(
      'Two crops of an image find each other 40 % of the time (raw pixels 20 %; 500 images)',
    );
    expect(verdictOf(own, baselines, 'centred')).toBeUndefined();
  });
});
