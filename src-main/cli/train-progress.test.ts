import { expect, it } from 'vitest';
import type { OnlineEvaluation, TrainEvent } from '../../shared/train-events.ts';
import type { Output } from './output.ts';
import { TrainProgress } from './train-progress.ts';

it('says when what was noted is no longer so', () => {
  const lines: string[] = [];
  const output = { event: () => {}, progress: () => {}, say: (line: string) => lines.push(line) };
  const progress = new TrainProgress(output as unknown as Output);
  const figures: Omit<OnlineEvaluation, 'step'> = {
    raw: {},
    centred: {},
    whitened: { knn: 0.5 },
    rankMe: 9,
    meanCosine: 0.2,
    positionalShare: 0.3,
  };
  const evaluation = (step: number, healthy: readonly string[]): TrainEvent => ({
    type: 'evaluation',
    best: false,
    step,
    healthy,
    ...figures,
  });
  const events: readonly TrainEvent[] = [
    evaluation(10, []),
    { type: 'note', step: 10, rule: 'plateau', message: 'It has not risen.', hint: 'Wait.' },
    evaluation(20, ['rank']),
    evaluation(30, ['rank', 'plateau']),
    evaluation(40, ['rank', 'plateau']),
  ];
  for (const event of events) progress.show(event);
  expect(lines.filter((line) => !line.includes('whitened'))).toEqual([
    'Note: It has not risen. Wait.',
    'No longer so at step 30: It has not risen.',
  ]);
});
