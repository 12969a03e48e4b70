import { expect, it } from 'vitest';
import type { TrainEvent } from '../../shared/train-events.ts';
import { evaluationEvent } from '../training/testing/evaluation-event.ts';
import type { Output } from './output.ts';
import { baselinesText, TrainProgress } from './train-progress.ts';

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

it('names the weights that a run begins with before the untrained network, which it is not', () => {
  const { type: _type, ...evaluation } = evaluationEvent(0) as Extract<TrainEvent, { type: 'evaluation' }>;
  const of = (knn: number) => ({ ...evaluation, whitened: { knn } });
  const baselines = { type: 'baselines', untrained: of(0.4), pixels: of(0.45) } as const;
  expect(baselinesText(baselines)).toMatch(/^Before training \(whitened\): untrained network 20-NN 40/);
  expect(baselinesText({ ...baselines, origin: of(0.6) })).toMatch(
    /: the weights it began with [^;]*60[^;]*; beside them untrained network/,
  );
});
