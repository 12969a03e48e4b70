import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { OnlineEvaluation, SpaceScores } from '../../shared/train-events.ts';
import { homeAt } from '../engine/home.ts';
import { nextCommands, resultText } from './run-result.ts';

const evaluation = (step: number, whitened: SpaceScores): OnlineEvaluation => ({
  step,
  raw: {},
  centred: {},
  whitened,
  rankMe: 9,
  meanCosine: 0.1,
  positionalShare: 0.2,
  queries: 500,
});
const withScores = (own: SpaceScores, untrained: SpaceScores, pixels: SpaceScores): string | undefined =>
  resultText({
    best: 1200,
    evaluations: [evaluation(1200, own), evaluation(2400, {})],
    baselines: { untrained: evaluation(0, untrained), pixels: { raw: {}, centred: {}, whitened: pixels } },
  });

it('says the best checkpoint beside both baselines, and plainly whether it is above them by more than chance', () => {
  expect(withScores({ knn: 0.61 }, { knn: 0.41 }, { knn: 0.46 })).toBe(
    'Neighbours agree with your folders 61 % (raw pixels 46 %, untrained network 41 %; 500 queries). 15.0 points above raw pixels: more than chance would make of 500 queries (±6.2 points). That is the best checkpoint, step 1,200, in the whitened space.',
  );
  expect(withScores({ knn: 0.431 }, { knn: 0.38 }, { knn: 0.412 })).toContain('Not clearly better than raw pixels: a lead of 1.9 points');
  expect(withScores({ knn: 0.4 }, { knn: 0.38 }, { knn: 0.412 })).toContain(
    'No better than raw pixels; 2.0 points above the untrained network.',
  );
  expect(withScores({ retrieval: 0.4 }, { retrieval: 0.5 }, { retrieval: 0.3 })).toMatch(
    /^Two crops.*No better than the untrained network;/,
  );
  expect(withScores({ retrieval: 0.2 }, { retrieval: 0.5 }, { retrieval: 0.3 })).toContain(
    'No better than the untrained network or raw pixels.',
  );
  expect(resultText({ best: undefined, evaluations: [], baselines: undefined })).toBeUndefined();
  expect(resultText({ best: 5, evaluations: [evaluation(5, { knn: 0.5 })], baselines: undefined })).toContain('nothing to compare it with');
});

it('names the run in the commands only where another one would be meant', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ijepa-next-'));
  try {
    const home = homeAt(folder);
    for (const [i, name] of ['old run', 'new'].entries()) {
      mkdirSync(join(home.runs, name), { recursive: true });
      writeFileSync(join(home.runs, name, 'config.json'), JSON.stringify({ created: `2026-01-0${i + 1}T00:00:00Z` }));
    }
    expect(nextCommands(home, 'new', true)).toEqual([
      'Compute the vectors:     ijepa-studio embed',
      'Then find look-alikes:   ijepa-studio search --image FILE',
    ]);
    expect(nextCommands(home, 'old run', false, '/tmp/my home')[0]).toBe(
      'Go on where it stopped:  ijepa-studio train --resume --run "old run" --home "/tmp/my home"',
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
