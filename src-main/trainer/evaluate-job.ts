// The honest evaluation of a checkpoint: this run, its own network before the first step, and raw pixels, all treated alike.
import { assembleReport } from '../evaluation/report.ts';
import { planEvaluation } from '../evaluation/protocol.ts';
import { DecodeCache } from '../images/cache.ts';
import { modelSize } from '../jepa/model.ts';
import { loadTargetEncoder } from '../training/checkpoint.ts';
import { Judge } from '../training/judge.ts';
import { encoderWeights, initialState } from '../training/state.ts';
import type { PatchBlock, Sample } from '../training/sample-figures.ts';
import type { EvaluateJob, EvaluationProgress, JobTypes } from './protocol.ts';
import { requireCached, sampleOf } from './run-data.ts';

const stages = ['this run', 'untrained network', 'raw pixels'] as const;

type Plan = Sample['plan'];

/** How many times a picture is taken for one source: of images without labels two crops. */
const looksOf = (plan: Plan): number =>
  plan.kind === 'labels' ? plan.bank.length + plan.queries.length : 2 * (plan.bank.length + plan.images.length);

/** The sample, which says how far the evaluation is while pictures are taken from it; `begin` is called before each source. */
function watched(
  sample: Sample,
  onEvent: (event: EvaluationProgress) => void,
): { readonly sample: Sample; readonly begin: (source: number, left: Plan) => void } {
  const looks = looksOf(sample.plan);
  let [source, seen] = [0, 0];
  const tell = (now: number): void => {
    seen = now;
    const part = seen < looks ? ('pictures' as const) : ('figures' as const);
    const [done, total] = [source * looks + seen, stages.length * looks];
    onEvent({ type: 'progress', stage: stages[source]!, source, sources: stages.length, part, done, total });
  };
  async function* counted(asked: number, blocks: AsyncIterable<PatchBlock>): AsyncGenerator<PatchBlock> {
    const before = seen;
    for await (const block of blocks) {
      yield block;
      tell(before + block.places.at(-1)! + 1);
    }
    // Those that could not be read are looked at too.
    if (seen < before + asked) tell(before + asked);
  }
  return {
    sample: {
      ...sample,
      patches: (rows, view, batch) => counted(rows.length, sample.patches(rows, view, batch)),
      pixels: (rows, view) => counted(rows.length, sample.pixels(rows, view)),
    },
    begin: (next, left) => {
      source = next;
      // What an earlier source could not read is not asked for again.
      tell(looks - looksOf(left));
    },
  };
}

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
  const { sample, begin } = watched(sampleOf(cache, hashes, plan, header.config, job.pixelSide), onEvent);
  const judge = await Judge.create(sample, size, { device: job.device, threads: job.threads });
  try {
    begin(0, judge.plan);
    const run = await judge.measure(weights, 'run', job.probe);
    begin(1, judge.plan);
    const untrained = await judge.measure(encoderWeights(initialState(header.config), size, 'targetEncoder'), 'untrained', job.probe);
    begin(2, judge.plan);
    const pixels = await judge.pixels(job.probe);
    const { positionalShare } = run;
    return assembleReport(judge.plan, [run.figures, untrained.figures, pixels], { positionalShare, unreadable: judge.unreadable });
  } finally {
    await judge.dispose();
    cache.dispose();
  }
}
