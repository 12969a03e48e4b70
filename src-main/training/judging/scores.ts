// The figures of an evaluation as an event has them, and the one that decides.
import { packAnswers } from '../../../shared/paired-error.ts';
import { answersError } from '../../../shared/run-verdict.ts';
import type { OnlineEvaluation, SpaceScores } from '../../../shared/train-events.ts';
import type { SourceFigures } from '../../evaluation/evaluate.ts';
import type { SpaceKind } from '../../evaluation/spaces.ts';

function scores({ spaces, answers }: Pick<SourceFigures, 'spaces' | 'answers'>, kind: SpaceKind): SpaceScores {
  const { neighbours, cropRecall } = spaces[kind];
  return {
    ...(neighbours !== undefined && { knn: neighbours }),
    ...(cropRecall !== undefined && { retrieval: cropRecall }),
    ...((neighbours ?? cropRecall) !== undefined && { answers: packAnswers(answers[kind]) }),
  };
}

/** The figures of a source as an event has them. */
export function spaceScores(figures: Pick<SourceFigures, 'spaces' | 'answers'>): Pick<OnlineEvaluation, SpaceKind> {
  return { raw: scores(figures, 'raw'), centred: scores(figures, 'centred'), whitened: scores(figures, 'whitened') };
}

/** The number that decides which checkpoint is best, see {@link isAsGood}: whitened 20-NN, else whitened crop retrieval. */
export const decidingScore = ({ whitened }: Pick<OnlineEvaluation, 'whitened'>): number => whitened.knn ?? whitened.retrieval ?? 0;

/** Whether the score of an evaluation is the highest so far; never one that is no number. */
export const isHigher = (now: OnlineEvaluation, highest: OnlineEvaluation | undefined): boolean =>
  Number.isFinite(decidingScore(now)) && (highest === undefined || decidingScore(now) > decidingScore(highest));

/**
 * Whether a later evaluation is as good as the highest score, which among many is partly luck: within one standard error of their difference
 * (the rule of one standard error, Breiman et al. 1984, for pruned trees), by the same queries' answers: where a log does not hold them, only a score that is no lower will do. It asks the highest and not
 * the last that was good enough, or many small losses would add up.
 */
export const isAsGood = (now: OnlineEvaluation, highest: OnlineEvaluation): boolean =>
  decidingScore(highest) - decidingScore(now) <= (answersError(now, highest) ?? 0);
