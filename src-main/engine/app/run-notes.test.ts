import { expect, it } from 'vitest';
import type { OnlineEvaluation, TrainEvent } from '../../../shared/train-events.ts';
import { runNotes } from './run-notes.ts';

const figures: Omit<OnlineEvaluation, 'step'> = {
  raw: {},
  centred: {},
  whitened: { knn: 0.5 },
  rankMe: 9,
  meanCosine: 0.2,
  positionalShare: 0.3,
};
const evaluation = (step: number, health?: readonly string[]): TrainEvent => ({
  type: 'evaluation',
  best: false,
  step,
  ...(health && { health }),
  ...figures,
});
const note = (step: number, message: string, rule?: string): TrainEvent => ({
  type: 'note',
  step,
  message,
  hint: 'Try this.',
  ...(rule !== undefined && { rule }),
});

it('are over from the first evaluation that no longer says so, and stand again when they are said anew', () => {
  const events = [
    note(0, 'The computer slept.'),
    evaluation(10, ['plateau', 'rank']),
    note(10, 'Not risen.', 'plateau'),
    note(10, 'Fewer directions.', 'rank'),
    evaluation(20, ['plateau', 'rank']),
    evaluation(30, ['rank']),
    evaluation(40, ['rank', 'plateau']),
    note(40, 'Not risen again.', 'plateau'),
  ];
  expect(runNotes(events).map(({ message, overSince }) => [message, overSince])).toEqual([
    ['The computer slept.', undefined],
    ['Not risen.', 30],
    ['Fewer directions.', undefined],
    ['Not risen again.', undefined],
  ]);
});

it('stand where a log of an earlier version does not say what still holds', () => {
  const events = [note(10, 'Not risen.', 'plateau'), evaluation(20), note(30, 'Collapsed.'), evaluation(40, [])];
  expect(runNotes(events)).toEqual([
    { step: 10, message: 'Not risen.', hint: 'Try this.', overSince: 40 },
    { step: 30, message: 'Collapsed.', hint: 'Try this.' },
  ]);
});
