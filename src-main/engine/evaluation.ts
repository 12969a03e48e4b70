// The evaluation of a run as a person asks for it.
import { preprocessingOf } from '../../shared/preprocessing.ts';
import type { EvaluationReport } from '../evaluation/report.ts';

export { renderReport } from '../evaluation/report.ts';
import { readCheckpointHeader } from '../training/checkpoint.ts';
import { cachedShortSide, threadsOf } from './studio.ts';
import type { Studio } from './studio.ts';

export interface EvaluateOptions {
  readonly run: string;
  readonly checkpoint: string;
  readonly root: string;
  /** `reporting` uses the queries that no choice was made on. */
  readonly purpose: 'choosing' | 'reporting';
  readonly bankPerClass: number;
  readonly queriesPerClass: number;
  readonly pixelSide: number;
  readonly probe: boolean;
  readonly threads: number;
}

/** Measures a checkpoint beside both baselines. Throws `bad-checkpoint`, `no-images`. */
export async function evaluateRun(studio: Studio, options: EvaluateOptions, onStage: (stage: string) => void): Promise<EvaluationReport> {
  const { root, threads, ...rest } = options;
  const { config } = readCheckpointHeader(options.checkpoint);
  const shortSide = cachedShortSide(config.imageSize);
  return studio.trainer.run(
    {
      kind: 'evaluate',
      ...rest,
      cache: { folder: studio.cacheFor(preprocessingOf(config), shortSide), shortSide },
      images: studio.images(root),
      threads: threadsOf(threads),
      device: 'cpu',
    },
    ({ stage }) => onStage(stage),
  );
}
