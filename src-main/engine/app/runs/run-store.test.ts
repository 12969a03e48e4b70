import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RunSummary } from '../../../../shared/contract/contract-runs.ts';
import type { OnlineEvaluation, TrainEvent } from '../../../../shared/train-events.ts';
import { judgedOtherwiseRule } from '../../../training/judging/health.ts';
import { evaluationEvent } from '../../../training/testing/evaluation-event.ts';
import { smallRecord } from '../../../training/testing/small-run.ts';
import type { Studio } from '../../studio.ts';
import { RunStore } from './run-store.ts';

let home = '';
beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'ijepa-store-'))));
afterEach(() => rmSync(home, { recursive: true, force: true }));

const inEvent = (step: number, whitened: OnlineEvaluation['whitened']): TrainEvent =>
  ({ ...evaluationEvent(step), best: true, whitened }) as TrainEvent;
const baselines = (knn: number): TrainEvent => {
  const { type: _type, ...untrained } = inEvent(0, { knn }) as Extract<TrainEvent, { type: 'evaluation' }>;
  return { type: 'baselines', untrained, pixels: { raw: {}, centred: {}, whitened: { knn: knn + 0.1 } } };
};
const judgedOtherwise = (step: number): TrainEvent => ({ type: 'note', step, message: 'a', hint: 'b', rule: judgedOtherwiseRule });

it('shows no score of a checkpoint that other images chose than its baselines were measured on', async () => {
  const [runs, embeddings] = [join(home, 'runs'), join(home, 'embeddings')];
  const run = join(runs, 'one');
  mkdirSync(join(run, 'checkpoints'), { recursive: true });
  writeFileSync(join(run, 'config.json'), JSON.stringify(smallRecord()));
  const store = new RunStore({ home: { runs, embeddings }, library: { run: () => undefined } } as unknown as Studio);
  const written: TrainEvent[] = [];
  const scores = async (...events: readonly TrainEvent[]): Promise<RunSummary['score'][]> => {
    written.push(...events);
    writeFileSync(join(run, 'metrics.jsonl'), written.map((event) => `${JSON.stringify(event)}\n`).join(''));
    const active = { state: 'training', step: 20 } as const;
    // What is known of a run from before it went on is not described anew while it trains.
    return [(await store.summary('one', active)).score, (await store.summary('one')).score];
  };
  const before = { task: 'knn', run: 0.5, pixels: 0.4, untrained: 0.3 } as const;
  expect(await scores(baselines(0.3), inEvent(10, { knn: 0.5 }))).toEqual([before, before]);
  expect(await scores(judgedOtherwise(10), baselines(0.6))).toEqual([undefined, undefined]);
  const after = { task: 'knn', run: 0.8, pixels: 0.7, untrained: 0.6 };
  expect(await scores(inEvent(20, { knn: 0.8 }))).toEqual([after, after]);
  // By crops, once the labels are gone, although the note was lost.
  expect(await scores(inEvent(30, { retrieval: 0.9 }))).toEqual([undefined, undefined]);
});
