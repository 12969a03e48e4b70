import { expect, it } from 'vitest';
import type { OnlineEvaluation, TrainEvent } from '../../../shared/train-events.ts';
import { judgedOtherwiseRule } from '../../training/health.ts';
import { runNotes } from './run-notes.ts';

const figures: Omit<OnlineEvaluation, 'step'> = {
  raw: {},
  centred: {},
  whitened: { knn: 0.5 },
  rankMe: 9,
  meanCosine: 0.2,
  positionalShare: 0.3,
};
const evaluation = (step: number, healthy?: readonly string[]): TrainEvent => ({
  type: 'evaluation',
  best: false,
  step,
  ...(healthy && { healthy }),
  ...figures,
});
const note = (step: number, message: string, rule?: string): TrainEvent => ({
  type: 'note',
  step,
  message,
  hint: 'Try this.',
  ...(rule !== undefined && { rule }),
});
const said = (events: readonly TrainEvent[]) => runNotes(events).map(({ message, overSince }) => [message, overSince]);

it('are over from the first evaluation that says so, and stand again when they are said anew', () => {
  const events = [
    note(0, 'The computer slept.'),
    evaluation(10, ['views']),
    note(10, 'Not risen.', 'plateau'),
    note(10, 'Fewer directions.', 'rank'),
    evaluation(20, ['views']),
    evaluation(30, ['views', 'plateau']),
    evaluation(40, []),
    note(40, 'Not risen again.', 'plateau'),
  ];
  expect(said(events)).toEqual([
    ['The computer slept.', undefined],
    ['Not risen.', 30],
    ['Fewer directions.', undefined],
    ['Not risen again.', undefined],
  ]);
});

it('are not taken back by evaluations that do not compare with those before, and stand once when they are said anew', () => {
  const events = [
    note(10, 'Not risen.', 'plateau'),
    note(10, 'All alike.', 'collapse'),
    note(20, 'Judged by other images.', judgedOtherwiseRule),
    evaluation(30, ['plateau']),
    note(30, 'All alike.', 'collapse'),
    evaluation(40, ['plateau', 'collapse']),
  ];
  expect(said(events)).toEqual([
    ['Not risen.', undefined],
    ['Judged by other images.', undefined],
    ['All alike.', 40],
  ]);
});

it('stand where a log of an earlier version does not say what is over', () => {
  const events = [note(10, 'Not risen.', 'plateau'), evaluation(20), note(30, 'Collapsed.'), evaluation(40, ['collapse'])];
  expect(runNotes(events)).toEqual([
    { step: 10, message: 'Not risen.', hint: 'Try this.' },
    { step: 30, message: 'Collapsed.', hint: 'Try this.' },
  ]);
});
