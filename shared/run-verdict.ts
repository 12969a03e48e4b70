// Whether a run has learned anything, as the one sentence that every face shows: its score beside raw pixels, the untrained network, and
// the weights that it began with, if it did.
import { pairedError, unpackAnswers } from './paired-error.ts';
import type { OnlineEvaluation, SpaceScores } from './train-events.ts';

/** `knn`: 20-NN by labels; `retrieval`: two crops of an image look for each other. */
export type ScoreTask = 'knn' | 'retrieval';

export type Verdict = 'better' | 'not-clearly-better' | 'not-better' | 'no-baseline';

type Baseline = 'pixels' | 'untrained' | 'origin';

export interface Comparison {
  readonly task: ScoreTask;
  /** Shares of 1; a baseline that was not measured is absent. */
  readonly run: number;
  readonly pixels?: number | undefined;
  readonly untrained?: number | undefined;
  /** The weights of another run that it began with. */
  readonly origin?: number | undefined;
  /** Where labels come from; the names of folders when absent. */
  readonly labelsFrom?: 'file' | undefined;
  /** Images that asked; unknown in logs of earlier versions. */
  readonly queries?: number | undefined;
  /** Standard errors of the run's lead over each, where single answers are known; else they are bounded, see {@link differenceError}. */
  readonly errors?: Readonly<Partial<Record<Baseline, number | undefined>>>;
}

export interface RunVerdict {
  readonly verdict: Verdict;
  /** "Neighbours agree with your folders 61 % (raw pixels 46 %, untrained network 41 %; 500 queries)", without a full stop. */
  readonly headline: string;
  /** What that means, a sentence of its own: whether it is better than every baseline by more than chance. */
  readonly statement: string;
  /** What a lead does not say, a sentence of its own; absent where the score says it, or there is no clear lead. */
  readonly caveat?: string;
}

/** Where crops are to agree training practises nearly that; the report of an evaluation says so, and what would show more. */
const ofCropsAlone = 'That crops of one image find each other does not show that neighbouring images are of the same kind.';

const sourceNames: Readonly<Record<Baseline, string>> = {
  pixels: 'raw pixels',
  untrained: 'the untrained network',
  origin: 'the weights it began with',
};
const count = (value: number): string => value.toLocaleString('en');
const whole = (share: number): string => `${(100 * share).toFixed(0)} %`;
const points = (share: number): string => `${(100 * share).toFixed(1)} points`;

/**
 * Standard error of the difference of two shares on `queries` questions: √((a(1−a) + b(1−b)) ÷ n), that of independent binomial samples.
 * Here the same images ask both, and their answers go together, so the error of the paired difference (McNemar 1947; Agresti, "Categorical
 * Data Analysis", §11.1) is smaller by 2·cov ÷ n: what is called clear by this one is clear.
 */
export function differenceError(a: number, b: number, queries: number): number {
  return Math.sqrt((a * (1 - a) + b * (1 - b)) / Math.max(1, queries));
}

/** Standard errors beyond which a difference is called clear: a chance of about one in forty on either side. */
export const clearErrors = 2;

/** The verdict on a run beside its baselines, and the words for it. */
export function compareRun(comparison: Comparison): RunVerdict {
  const { task, run, queries } = comparison;
  const baselines = (['pixels', 'untrained', 'origin'] as const)
    .flatMap((source) => {
      const score = comparison[source];
      return score === undefined ? [] : [{ name: sourceNames[source], score, error: comparison.errors?.[source] }];
    })
    .toSorted((a, b) => b.score - a.score);
  const what =
    task === 'knn'
      ? `Neighbours agree with your ${comparison.labelsFrom === 'file' ? 'labels' : 'folders'} ${whole(run)}`
      : `Two crops of an image find each other ${whole(run)} of the time`;
  const asked = queries === undefined ? [] : [`${count(queries)} ${task === 'knn' ? 'queries' : 'images'}`];
  const beside = baselines.map(({ name, score }) => `${name.replace('the ', '')} ${whole(score)}`).join(', ');
  const facts = [...(beside ? [beside] : []), ...asked].join('; ');
  const headline = facts ? `${what} (${facts})` : what;
  const [best] = baselines;
  if (!best) return { verdict: 'no-baseline', headline, statement: 'There is nothing to compare it with.' };
  const unbeaten = baselines.filter(({ score }) => run <= score).map(({ name }) => name);
  if (unbeaten.length > 0) {
    const beaten = baselines.find(({ score }) => run > score);
    const more = beaten ? `; ${points(run - beaten.score)} above ${beaten.name}` : '';
    return { verdict: 'not-better', headline, statement: `No better than ${unbeaten.join(' or ')}${more}.` };
  }
  if (queries === undefined) {
    return {
      verdict: 'not-clearly-better',
      headline,
      statement: `${points(run - best.score)} above ${best.name}; the number of queries was not recorded, so this may be chance.`,
    };
  }
  const { name, lead, noise } = narrowestLead(
    baselines.map((one) => ({
      name: one.name,
      lead: run - one.score,
      noise: clearErrors * (one.error ?? differenceError(run, one.score, queries)),
    })),
  );
  const asking = `${count(queries)} ${task === 'knn' ? 'queries' : 'images'}`;
  return lead > noise
    ? {
        verdict: 'better',
        headline,
        statement: `${points(lead)} above ${name}: more than chance would explain with ${asking} (±${points(noise)}).`,
        ...(task === 'retrieval' && { caveat: ofCropsAlone }),
      }
    : {
        verdict: 'not-clearly-better',
        headline,
        statement: `Not clearly better than ${name}: a lead of ${points(lead)} may be chance with ${asking} (±${points(noise)}).`,
      };
}

interface Lead {
  readonly name: string;
  readonly lead: number;
  /** What chance leaves of it. */
  readonly noise: number;
}

/**
 * Of leads over several baselines the smallest in terms of its own noise: where that one is clear, all are. It need not be the one over the
 * highest baseline, whose answers may go with the run's far more closely.
 */
const narrowestLead = (leads: readonly Lead[]): Lead => leads.reduce((a, b) => (b.lead / b.noise < a.lead / a.noise ? b : a));

export type SpaceName = 'raw' | 'centred' | 'whitened';

/** What the untrained network, raw pixels and the weights that it began with reach, as a run measures them once. */
export interface RunBaselines {
  readonly untrained: OnlineEvaluation;
  /** Absent in a run from scratch. */
  readonly origin?: OnlineEvaluation | undefined;
  readonly pixels: Pick<OnlineEvaluation, SpaceName>;
}

type Asked = Pick<OnlineEvaluation, SpaceName> & {
  readonly [key in 'queries' | 'asked' | 'lookedUpIn' | 'unreadable']?: OnlineEvaluation[key] | undefined;
};

/** Whether two things are known to be different ones. */
const differ = <T>(a: T | undefined, b: T | undefined): boolean => a !== undefined && b !== undefined && a !== b;

/**
 * Standard error of what two evaluations of one run are apart in a space, by the same queries' answers; undefined where the log does not hold
 * them. Images that cannot be read judge no more: as many of them are the same ones.
 */
export function answersError(own: Asked, other: Asked, space: SpaceName = 'whitened'): number | undefined {
  const { queries } = own;
  if (queries === undefined || queries !== other.queries || own.asked !== other.asked || own.unreadable !== other.unreadable)
    return undefined;
  if (differ(own.lookedUpIn, other.lookedUpIn)) return undefined;
  const [mine, theirs] = [own[space].answers, other[space].answers].map((answers) =>
    answers === undefined ? undefined : unpackAnswers(answers, queries),
  );
  return mine && theirs && pairedError(mine, theirs);
}

/**
 * Standard error of what two evaluations of one run are apart in a space: {@link answersError} where that is known, else
 * {@link differenceError}. Undefined where it is not known how many asked, or one has no score.
 */
export function leadError(own: Asked, other: Asked, space: SpaceName = 'whitened'): number | undefined {
  const { queries } = own;
  const [a, b] = [own[space], other[space]];
  const [first, second] = [a.knn ?? a.retrieval, b.knn ?? b.retrieval];
  if (queries === undefined || first === undefined || second === undefined) return undefined;
  return answersError(own, other, space) ?? differenceError(first, second, queries);
}

/** An evaluation beside the run's baselines in one space; undefined where that has no score. */
export function verdictOf(
  evaluation: OnlineEvaluation,
  baselines: RunBaselines | undefined,
  space: SpaceName = 'whitened',
): RunVerdict | undefined {
  const task = evaluation[space].knn === undefined ? 'retrieval' : 'knn';
  const score = (scores: SpaceScores | undefined): number | undefined => scores?.[task];
  const run = score(evaluation[space]);
  if (run === undefined) return undefined;
  // Measured with the untrained network.
  const pixels = baselines && { ...baselines.untrained, ...baselines.pixels };
  return compareRun({
    task,
    run,
    pixels: score(baselines?.pixels[space]),
    untrained: score(baselines?.untrained[space]),
    origin: score(baselines?.origin?.[space]),
    errors: {
      pixels: pixels && leadError(evaluation, pixels, space),
      untrained: baselines && leadError(evaluation, baselines.untrained, space),
      origin: baselines?.origin && leadError(evaluation, baselines.origin, space),
    },
    queries: evaluation.queries,
    labelsFrom: evaluation.labelsFrom,
  });
}

export interface RunResult {
  readonly evaluations: readonly OnlineEvaluation[];
  /** Step of the best checkpoint. */
  readonly best: number | undefined;
  readonly baselines: RunBaselines | undefined;
  /** Step from which on other images judge than before, where they were changed: the best is chosen among later evaluations. */
  readonly judgedSince?: number | undefined;
}

const taskIn = ({ knn, retrieval }: SpaceScores): ScoreTask | undefined =>
  knn === undefined ? (retrieval === undefined ? undefined : 'retrieval') : 'knn';

/** Whether two evaluations of a run asked the same thing of the same contents, as far as the log tells: one of an earlier version does not. */
export function askedAlike(one: OnlineEvaluation, other: OnlineEvaluation): boolean {
  const tasks = [taskIn(one.whitened), taskIn(other.whitened)] as const;
  return !differ(...tasks) && !differ(one.asked, other.asked) && !differ(one.lookedUpIn, other.lookedUpIn);
}

/** The baselines of a run that an evaluation compares with: none where other images judge since, whose baselines are measured at once. */
export function baselinesFor(
  evaluation: OnlineEvaluation,
  { baselines, judgedSince = -1 }: Pick<RunResult, 'baselines' | 'judgedSince'>,
): RunBaselines | undefined {
  return baselines && evaluation.step > judgedSince && askedAlike(evaluation, baselines.untrained) ? baselines : undefined;
}

const judgedOtherwise = 'It was evaluated on other images or labels than the baselines are now, so the two do not compare.';

/** The verdict on an evaluation of a run, beside its baselines where they compare. */
export function verdictOn(
  evaluation: OnlineEvaluation,
  run: Pick<RunResult, 'baselines' | 'judgedSince'>,
  space: SpaceName = 'whitened',
): RunVerdict | undefined {
  const baselines = baselinesFor(evaluation, run);
  const found = verdictOf(evaluation, baselines, space);
  return found && run.baselines && !baselines ? { ...found, statement: judgedOtherwise } : found;
}

/**
 * What flatters the figure of a best checkpoint, as a sentence; undefined where there was nothing to choose from. It need not be the highest:
 * the latest counts that is within one standard error of that.
 */
export function choiceCaveat({ evaluations, judgedSince = -1 }: Pick<RunResult, 'evaluations' | 'judgedSince'>): string | undefined {
  const choice = evaluations.filter(({ step }) => step > judgedSince).length;
  if (choice < 2) return undefined;
  return `It was chosen from ${count(choice)} evaluations on these same queries, which flatters it slightly. Evaluating the checkpoint uses held-out queries, if the folder has enough.`;
}

/** The verdict on a run's best checkpoint, and its step; undefined where nothing was judged. */
export function resultOf({ evaluations, best, ...run }: RunResult): (RunVerdict & { readonly best: number }) | undefined {
  const judged = evaluations.findLast(({ step }) => step === best);
  const found = judged && verdictOn(judged, run);
  return found && { ...found, best: judged.step };
}

/** What came of a run, by its best checkpoint, in sentences; undefined where nothing was judged. */
export function resultText(result: RunResult): string | undefined {
  const found = resultOf(result);
  if (!found) return undefined;
  const where = `That is the best checkpoint, step ${count(found.best)}, in the whitened space.`;
  const sentences = [`${found.headline}.`, found.statement, found.caveat, where, choiceCaveat(result)];
  return sentences.filter((one) => one !== undefined).join(' ');
}
