// Whether the quality of a run still rises, as far as the images that ask can tell.
import { pairedError, unpackAnswers } from '../../../shared/paired-error.ts';
import { differenceError } from '../../../shared/run-verdict.ts';
import type { OnlineEvaluation } from '../../../shared/train-events.ts';
import { decidingScore } from './scores.ts';

/** Evaluations, the present one included, in which quality must have moved. */
export const plateauWindow = 4;
/**
 * Share of a run of whose evaluations the later half must be above the earlier one, on average; fewer while there are not as many. A quarter of
 * a run, which is what the window is of sixteen evaluations, would call a slow rise a standstill.
 */
const trendShare = 0.6;

interface Rise {
  /** Difference of two scores, or of the means of several. */
  readonly gain: number;
  /** Its standard error; 0 where it is not known how many asked. */
  readonly noise: number;
}

/**
 * `rising`: by more than chance; `undecided`: not by more than chance, but the present evaluation is the best of all so far. Else the
 * largest gain within the window, which may be none.
 */
export type Course = 'rising' | 'undecided' | Rise;

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The mean of what several evaluations were answered, by query; undefined where one of them does not say it of so many queries. */
function meanAnswers(evaluations: readonly OnlineEvaluation[], like: OnlineEvaluation, queries: number): Float64Array | undefined {
  const sum = new Float64Array(queries);
  for (const { whitened, queries: asked, unreadable } of evaluations) {
    const isSame = asked === queries && unreadable === like.unreadable;
    const answers = isSame && whitened.answers !== undefined ? unpackAnswers(whitened.answers, queries) : undefined;
    if (!answers) return undefined;
    for (const [i, answer] of answers.entries()) sum[i]! += answer / evaluations.length;
  }
  return sum;
}

/** How much better later evaluations are than earlier ones; of the same queries, where the log holds their answers. */
function riseOf(earlier: readonly OnlineEvaluation[], later: readonly OnlineEvaluation[]): Rise {
  const [before, after] = [mean(earlier.map(decidingScore)), mean(later.map(decidingScore))];
  const gain = after - before;
  const last = later.at(-1)!;
  const { queries } = last;
  if (queries === undefined) return { gain, noise: 0 };
  const [first, second] = [meanAnswers(earlier, last, queries), meanAnswers(later, last, queries)];
  return { gain, noise: first && second ? pairedError(first, second) : differenceError(before, Math.max(before, after), queries) };
}

const isRise = ({ gain, noise }: Rise): boolean => gain > noise;

/** Where in its run the course is asked for. */
interface Moment {
  /** Share of the run that is over; what is not known counts as its beginning. */
  readonly over?: number;
  /** Last step of another part of the run: the window is of evaluations after it. */
  readonly since?: number;
}

/** Half of as many evaluations as the share of a run has that a trend is looked for in. */
const halfTrend = (evaluations: number, over: number): number => Math.min(Math.round((trendShare * evaluations) / over), evaluations) >> 1;

/**
 * The course of a run at an evaluation; undefined before there are enough. It rises when the best of the window is above its first, or the
 * later half of a longer one above the earlier half, each by more than one standard error: advice to stop costs more when it is wrong
 * than when it comes late. So the longer one looks back across parts of a run: in the last one there are too few to tell by themselves.
 */
export function courseOf(
  now: OnlineEvaluation,
  earlier: readonly OnlineEvaluation[],
  { over = 0, since = -1 }: Moment = {},
): Course | undefined {
  const all = [...earlier, now];
  const own = all.filter(({ step }) => step > since);
  if (own.length < plateauWindow) return undefined;
  const [first, ...others] = own.slice(-plateauWindow);
  const best = others.reduce((found, one) => (decidingScore(one) > decidingScore(found) ? one : found));
  const half = halfTrend(all.length, over);
  const rise = riseOf([first!], [best]);
  if (isRise(rise) || isRise(riseOf(all.slice(-2 * half, -half), all.slice(-half)))) return 'rising';
  return earlier.every((one) => decidingScore(one) < decidingScore(now)) ? 'undecided' : rise;
}
