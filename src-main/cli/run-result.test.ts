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
});
const withScores = (own: SpaceScores, untrained: SpaceScores, pixels: SpaceScores): string | undefined =>
  resultText({
    best: 1200,
    evaluations: [evaluation(1200, own), evaluation(2400, {})],
    baselines: { untrained: evaluation(0, untrained), pixels: { raw: {}, centred: {}, whitened: pixels } },
  });

it('says the best checkpoint beside both baselines, and plainly whether it is above them', () => {
  expect(withScores({ knn: 0.431 }, { knn: 0.38 }, { knn: 0.412 })).toBe(
    'Best checkpoint: step 1,200, where neighbours share a label in 43.1 % of cases (untrained network 38.0 %, raw pixels 41.2 %): more than both.',
  );
  expect(withScores({ knn: 0.4 }, { knn: 0.38 }, { knn: 0.412 })).toContain('more than the untrained network, not than raw pixels.');
  expect(withScores({ retrieval: 0.4 }, { retrieval: 0.5 }, { retrieval: 0.3 })).toMatch(/two crops.*not than the untrained network\.$/);
  expect(withScores({ retrieval: 0.2 }, { retrieval: 0.5 }, { retrieval: 0.3 })).toContain(': no more than either.');
  expect(resultText({ best: undefined, evaluations: [], baselines: undefined })).toBeUndefined();
  expect(resultText({ best: 5, evaluations: [evaluation(5, { knn: 0.5 })], baselines: undefined })).toContain('raw pixels not measured).');
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
