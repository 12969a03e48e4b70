// The fake engine's list of runs: one in every state, and one whose record cannot be read.
import type { RunSummary } from '../../shared/contract/contract-runs.ts';
import { AppError } from '../../shared/errors.ts';
import type { RunState } from '../../shared/run-state.ts';
import { foldersOfAll } from './fake-library.ts';
import { baselines, evaluationsOf } from './synthetic-run.ts';
import type { Curve } from './synthetic-run.ts';

export const curveOf = ({ name, steps }: Pick<RunSummary, 'name' | 'steps'>): Curve => ({
  steps: Math.max(1, steps),
  seed: name.length,
  best: name.includes('small') ? 0.33 : 0.56,
});

function scoreOf(name: string, step: number, steps: number): NonNullable<RunSummary['score']> {
  const last = evaluationsOf(curveOf({ name, steps }), step).at(-1)!;
  return { task: 'knn', run: last.whitened.knn!, pixels: baselines.pixels.whitened.knn, untrained: baselines.untrained.whitened.knn! };
}

export function summary(name: string, state: RunState, step: number, steps: number, more: Partial<RunSummary> = {}): RunSummary {
  return {
    name,
    created: new Date(Date.now() - 86_400_000).toISOString(),
    note: '',
    folder: foldersOfAll[0]!.path,
    folderId: 1,
    state,
    step,
    steps,
    images: 99_952,
    imported: false,
    bytes: 3.1 * 2 ** 30,
    bestStep: step > 0 ? Math.floor(step / 500) * 500 : undefined,
    checkpoints: step > 0 ? [...new Set([Math.floor(step / 500) * 500, step])] : [],
    ...(step > 500 && { score: scoreOf(name, step, steps) }),
    ...more,
  };
}

const withoutScore = ({ score: _score, ...others }: RunSummary): RunSummary => others;

/** What the record of one run is like that the engine cannot read. */
export const unreadable = new AppError(
  'bad-config',
  'The record of the run in /home/ada/.ijepa-studio/runs/damaged-disk is damaged.',
  'Restore config.json from a backup, or start a new run.',
);

export const runsOfAll: readonly RunSummary[] = [
  summary('stained-cells-2', 'training', 6412, 12_000, { note: 'The same with larger targets.' }),
  summary('stained-cells-3', 'waiting', 0, 12_000),
  summary('stained-cells-1', 'done', 12_000, 12_000, {
    note: 'First whole run; neighbours of the ring shapes look right from step 4,000 on.',
  }),
  summary('small-trial', 'stopped', 800, 5000, { bytes: 4.1e8, score: { task: 'retrieval', run: 0.31, pixels: 0.41, untrained: 0.29 } }),
  // Its scores are from before other images judged (`rejudged` in fake-runs.ts).
  withoutScore(summary('patch-8', 'paused', 2300, 12_000)),
  summary('too-large', 'failed', 12, 12_000, {
    problem: 'There is not enough memory for a micro-batch of 64: choose 16 or fewer.',
    bytes: 9e7,
  }),
  summary('vit-h-14-authors', 'done', 0, 0, {
    imported: true,
    images: 0,
    bytes: 2.5e9,
    checkpoints: [0],
    bestStep: 0,
    folderId: undefined,
    folder: '',
  }),
  // As the engine lists a run whose record is damaged: nothing but its name and why.
  summary('damaged-disk', 'failed', 0, 0, {
    created: '',
    folder: '',
    folderId: undefined,
    images: 0,
    bytes: 3.4e8,
    problem: `${unreadable.message} ${unreadable.hint}`,
  }),
];
