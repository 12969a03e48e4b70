import { expect, it } from 'vitest';
import type { TrainEvent } from '../../../../shared/train-events.ts';
import { judgedOtherwiseRule } from '../../../training/judging/health.ts';
import { evaluationEvent } from '../../../training/testing/evaluation-event.ts';
import { runNotes } from './run-notes.ts';

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
    evaluationEvent(10, ['views']),
    note(10, 'Not risen.', 'plateau'),
    note(10, 'Fewer directions.', 'rank'),
    evaluationEvent(20, ['views']),
    evaluationEvent(30, ['views', 'plateau']),
    evaluationEvent(40, []),
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
    evaluationEvent(30, ['plateau']),
    note(30, 'All alike.', 'collapse'),
    evaluationEvent(40, ['plateau', 'collapse']),
  ];
  expect(said(events)).toEqual([
    ['Not risen.', undefined],
    ['Judged by other images.', undefined],
    ['All alike.', 40],
  ]);
});

it('are over with the run where they advise to stop it, and stand where they say what it is', () => {
  const noted = [evaluationEvent(10, []), note(10, 'Not risen.', 'plateau'), note(10, 'Fewer directions.', 'rank')];
  const done: TrainEvent = { type: 'finished', step: 20, reason: 'done' };
  expect(runNotes([...noted, done])).toEqual([
    { step: 10, message: 'Not risen.', hint: 'Try this.', overSince: 20, ended: true },
    { step: 10, message: 'Fewer directions.', hint: 'Try this.' },
  ]);
  // What an evaluation took back before is over since then.
  expect(said([...noted, evaluationEvent(15, ['plateau']), done])).toContainEqual(['Not risen.', 15]);
  expect(said([...noted, { ...done, reason: 'stopped' }])).toContainEqual(['Not risen.', undefined]);
});

it('stand where a log of an earlier version does not say what is over', () => {
  const events = [note(10, 'Not risen.', 'plateau'), evaluationEvent(20), note(30, 'Collapsed.'), evaluationEvent(40, ['collapse'])];
  expect(runNotes(events)).toEqual([
    { step: 10, message: 'Not risen.', hint: 'Try this.' },
    { step: 30, message: 'Collapsed.', hint: 'Try this.' },
  ]);
});

it('say which of them tell of the course of the run, where nothing is amiss', () => {
  const larger: TrainEvent = { type: 'note', step: 5, message: 'Crops are larger.', hint: 'A step takes longer.', isCourse: true };
  expect(runNotes([larger, note(6, 'The computer slept.')])).toEqual([
    { step: 5, message: 'Crops are larger.', hint: 'A step takes longer.', isCourse: true },
    { step: 6, message: 'The computer slept.', hint: 'Try this.' },
  ]);
});
