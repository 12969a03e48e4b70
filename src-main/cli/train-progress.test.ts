import { expect, it } from 'vitest';
import { parseConfig } from '../../shared/config/config.ts';
import type { TrainEvent } from '../../shared/train-events.ts';
import { evaluationEvent } from '../training/testing/evaluation-event.ts';
import type { Output } from './output.ts';
import { baselinesText, TrainProgress } from './train-progress.ts';

it('says every figure of an evaluation that the notes go by, where it was measured', () => {
  const lines: string[] = [];
  const output = { event: () => {}, progress: () => {}, say: (line: string) => lines.push(line) };
  const progress = new TrainProgress(output as unknown as Output, parseConfig({}));
  const plain = evaluationEvent(10);
  if (plain.type !== 'evaluation') throw new Error('It is none.');
  progress.show(plain);
  progress.show({ ...plain, step: 20, best: true, lidar: 20.04, alpha: 1.26, predictionMargin: 0.3116 });
  expect(lines).toEqual([
    'Step 10: 20-NN 50.0 % whitened, RankMe 9.0, mean cosine 0.200, position explains 30.0 %.',
    'Step 20: 20-NN 50.0 % whitened (kept as the best), RankMe 9.0, LiDAR 20.0, mean cosine 0.200, spectrum α 1.3, position explains 30.0 %, prediction margin 0.312.',
  ]);
});

it('says when what was noted is no longer so', () => {
  const lines: string[] = [];
  const output = { event: () => {}, progress: () => {}, say: (line: string) => lines.push(line) };
  const progress = new TrainProgress(output as unknown as Output, parseConfig({}));
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
    'Resolved at step 30: It has not risen.',
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

it('shows how much of the work is done, and that first crops are small and hide nothing', () => {
  const lines: string[] = [];
  const drawn: string[] = [];
  const output = {
    event: () => {},
    progress: (line: string) => drawn.push(line),
    say: (line: string) => lines.push(line),
    bar: (share: number) => `${Math.round(100 * share)} %`,
  };
  const config = parseConfig({ imageSize: 32, patchSize: 8, agreement: 1, smallFirst: 0.8, predictionStride: 8, maskedCrops: 'predicted' });
  const progress = new TrainProgress(output as unknown as Output, config);
  const sizes = { encoderParameters: 1e6, predictorParameters: 1e5, contextTokens: 8, tokens: 16 };
  const started = { type: 'started', run: 'a', step: 0, steps: 100, device: 'cpu', threads: 2, sizes } as unknown as TrainEvent;
  progress.show(started);
  progress.show({ type: 'step', step: 80, loss: 1, imagesPerSecond: 10 } as TrainEvent);
  expect(lines.at(-1)).toMatch(
    / 8 of 16 patches seen in one crop of 8, else all; before that 80 steps of 16 px crops with nothing hidden\.$/,
  );
  // A small step does a quarter of the work of each of the 20 that follow.
  expect(drawn.at(-1)).toMatch(/^50 % {2}step 80\/100/);
});
