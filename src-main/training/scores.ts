// The figures of an evaluation as an event has them, and the one that decides.
import type { OnlineEvaluation, SpaceScores } from '../../shared/train-events.ts';
import type { SourceFigures } from '../evaluation/evaluate.ts';

function scores({ neighbours, cropRecall }: SourceFigures['spaces']['raw']): SpaceScores {
  return { ...(neighbours !== undefined && { knn: neighbours }), ...(cropRecall !== undefined && { retrieval: cropRecall }) };
}

/** The figures of a source as an event has them. */
export function spaceScores({ spaces }: SourceFigures): Pick<OnlineEvaluation, 'raw' | 'centred' | 'whitened'> {
  return { raw: scores(spaces.raw), centred: scores(spaces.centred), whitened: scores(spaces.whitened) };
}

/** The number that decides which checkpoint is best: whitened 20-NN, else whitened crop retrieval. */
export const decidingScore = ({ whitened }: Pick<OnlineEvaluation, 'whitened'>): number => whitened.knn ?? whitened.retrieval ?? 0;
