// The figures of an evaluation as an event has them, and the one that decides.
import { packAnswers } from '../../shared/paired-error.ts';
import type { OnlineEvaluation, SpaceScores } from '../../shared/train-events.ts';
import type { SourceFigures } from '../evaluation/evaluate.ts';
import type { SpaceKind } from '../evaluation/spaces.ts';

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

/** The number that decides which checkpoint is best: whitened 20-NN, else whitened crop retrieval. */
export const decidingScore = ({ whitened }: Pick<OnlineEvaluation, 'whitened'>): number => whitened.knn ?? whitened.retrieval ?? 0;
