// A thorough evaluation as the engine gives it, for looking at its table without one.
import type { EvaluationSummary } from '../../shared/contract/contract-runs.ts';

type Row = EvaluationSummary['measures'][number]['rows'][number];
const rows = (run: string, untrained: string, pixels: string): Row[] =>
  Object.entries({ run, untrained, pixels }).map(([source, cells]) => ({ source: source as Row['source'], cells: cells.split(' ') }));

export const syntheticReport: Pick<EvaluationSummary, 'measures' | 'facts' | 'text'> = {
  measures: [
    {
      name: '20-NN, % right',
      meaning: 'How often the 20 nearest images vote for the query’s label; higher is better.',
      rows: rows('51.2 53.8 58.9', '19.7 22.0 24.6', '31.4 33.0 39.8'),
    },
    {
      name: 'linear probe, % right',
      meaning: 'How often a linear classifier, trained on the bank, predicts the query’s label; higher is better.',
      rows: rows('63.1 63.0 62.4', '31.8 31.8 31.2', '– – –'),
    },
    {
      name: 'RankMe',
      meaning: 'How many directions the vectors use; near 1 all images look alike to the encoder.',
      rows: rows('112.4 118.0 163.9', '18.2 24.5 151.0', '41.3 44.0 160.2'),
    },
  ],
  facts: [
    'Position alone explains 9.1 % of the variance of the targets.',
    '2,000 queries among 10,000 images of 21 classes.',
    'These are held-out queries: none helped choose the checkpoint.',
    '11 images that are missing were left out.',
  ],
  text: '20-NN, whitened  58.9 %',
};
