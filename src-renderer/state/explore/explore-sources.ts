// Vectors to look through, and those that could be made.
import type { EmbeddingSource } from '../../../shared/contract/contract-explore.ts';
import type { RunSummary } from '../../../shared/contract/contract-runs.ts';
import type { Layer } from '../../../shared/contract/contract-values.ts';

export type SourceKey = Pick<EmbeddingSource, 'run' | 'step' | 'layer'>;

export const keyOfSource = ({ run, step, layer }: SourceKey): string => `${run}/${step}/${layer}`;
export const missingOf = ({ images, embedded }: EmbeddingSource): number => Math.max(0, images - embedded);

/** Files of a folder with the content of another one: each content is looked at once. Nothing is known of them without the folder. */
export const copiesIn = (folder: { readonly images: number } | undefined, different: number): number =>
  Math.max(0, (folder?.images ?? 0) - different);

/** The one that was chosen; else the newest of the run that was asked for, or chosen once; else the newest of all. */
export function pickSource(
  sources: readonly EmbeddingSource[],
  chosen: SourceKey | undefined,
  run: string | undefined,
): EmbeddingSource | undefined {
  const same = chosen && sources.find((one) => keyOfSource(one) === keyOfSource(chosen));
  const ofRun = (name: string | undefined): EmbeddingSource | undefined => sources.find((one) => one.run === name);
  return same ?? ofRun(run) ?? ofRun(chosen?.run) ?? sources[0];
}

/** Another one than the first, to compare it with: of another run if there is one. */
export function pickOther(sources: readonly EmbeddingSource[], first: EmbeddingSource, chosen: SourceKey | undefined): EmbeddingSource {
  const same = chosen && sources.find((one) => keyOfSource(one) === keyOfSource(chosen));
  return same ?? sources.find(({ run }) => run !== first.run) ?? sources.find((one) => keyOfSource(one) !== keyOfSource(first)) ?? first;
}

/** Runs that have an encoder to compute vectors with. */
export const runsWithEncoder = (runs: readonly RunSummary[]): readonly RunSummary[] =>
  runs.filter(({ checkpoints }) => checkpoints.length > 0);

/** The step that a choice of checkpoint means now: as the engine takes it, the latest where no evaluation has found a best one. */
export function stepOf({ checkpoints, bestStep }: Pick<RunSummary, 'checkpoints' | 'bestStep'>, checkpoint: string): number | undefined {
  const latest = checkpoints.length > 0 ? Math.max(...checkpoints) : undefined;
  if (checkpoint === 'latest') return latest;
  return checkpoint === 'best' ? (bestStep ?? latest) : Number(checkpoint);
}

/** What can be chosen: `best`, `latest`, and each step once, the newest first. */
export const checkpointChoices = ({ checkpoints }: RunSummary): readonly string[] => [
  'best',
  'latest',
  ...[...new Set(checkpoints)].sort((a, b) => b - a).map(String),
];

/** The vectors of a run's checkpoint, when they are there. */
export const sourceOf = (
  sources: readonly EmbeddingSource[],
  run: RunSummary,
  checkpoint: string,
  layer: Layer,
): EmbeddingSource | undefined =>
  sources.find((one) => one.run === run.name && one.layer === layer && one.step === stepOf(run, checkpoint));
