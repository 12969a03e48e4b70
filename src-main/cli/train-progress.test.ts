import { expect, it } from 'vitest';
import type { TrainEvent } from '../../shared/train-events.ts';
import { evaluationEvent } from '../training/testing/evaluation-event.ts';
import type { Output } from './output.ts';
import { TrainProgress } from './train-progress.ts';

it('says when what was noted is no longer so', () => {
  const lines: string[] = [];
  const output = { event: () => {}, progress: () => {}, say: (line: string) => lines.push(line) };
  const progress = new TrainProgress(output as unknown as Output);
  const events: readonly TrainEvent[] = [
    evaluationEvent(10, []),
    { type: 'note', step: 10, rule: 'plateau', message: 'It has not risen.', hint: 'Wait.' },
    evaluationEvent(20, ['rank']),
    evaluationEvent(30, ['rank', 'plateau']),
    evaluationEvent(40, ['rank', 'plateau']),
  ];
  for (const event of events) progress.show(event);
  expect(lines.filter((line) => !line.includes('whitened'))).toEqual([
    'Note: It has not risen. Wait.',
    'No longer so at step 30: It has not risen.',
  ]);
});
