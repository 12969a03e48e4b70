// The honest evaluation of a checkpoint: this run, its own network before the first step, and raw pixels, all treated alike.
import { assembleReport } from '../evaluation/report.ts';
import { planEvaluation } from '../evaluation/protocol.ts';
import { DecodeCache } from '../images/cache.ts';
import { modelSize } from '../jepa/model.ts';
import { loadTargetEncoder } from '../training/checkpoint.ts';
import { Judge } from '../training/judge.ts';
import { encoderWeights, initialState } from '../training/state.ts';
import type { EvaluateJob, JobTypes } from './protocol.ts';
import { requireCached, sampleOf } from './run-data.ts';

export async function runEvaluateJob(
  job: EvaluateJob,
  onEvent: (event: JobTypes['evaluate']['event']) => void,
): Promise<JobTypes['evaluate']['result']> {
  const { header, weights } = loadTargetEncoder(job.checkpoint);
  const size = modelSize(header.config);
  const cache = new DecodeCache(job.cache.folder, { access: 'read' });
  const hashes = job.images.map(({ hash }) => hash);
  requireCached(cache, hashes);
  const { purpose, queriesFor = 'both', bankPerClass, queriesPerClass } = job;
  const plan = planEvaluation(job.images, { purpose, queriesFor, bankPerClass, queriesPerClass });
  const judge = await Judge.create(sampleOf(cache, hashes, plan, header.config, job.pixelSide), size, {
    device: job.device,
    threads: job.threads,
  });
  try {
    onEvent({ type: 'stage', stage: 'this run' });
    const run = await judge.measure(weights, 'run', job.probe);
    onEvent({ type: 'stage', stage: 'untrained network' });
    const untrained = await judge.measure(encoderWeights(initialState(header.config), size, 'targetEncoder'), 'untrained', job.probe);
    onEvent({ type: 'stage', stage: 'raw pixels' });
    const pixels = await judge.pixels(job.probe);
    const { positionalShare } = run;
    return assembleReport(judge.plan, [run.figures, untrained.figures, pixels], { positionalShare, unreadable: judge.unreadable });
  } finally {
    await judge.dispose();
    cache.dispose();
  }
}
