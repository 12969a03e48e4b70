// The honest evaluation of a checkpoint: this run, its own network untrained, raw pixels, and the weights it began with if they were
// another's, all treated alike.
import { dirname, resolve } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { planEvaluation } from '../evaluation/protocol.ts';
import { assembleReport } from '../evaluation/report.ts';
import { DecodeCache } from '../images/cache.ts';
import type { PatchBlock } from '../images/patches.ts';
import { modelSize } from '../jepa/model.ts';
import type { Weights } from '../jepa/model.ts';
import { Judge } from '../training/judging/judge.ts';
import type { Sample } from '../training/judging/sample-figures.ts';
import { loadTargetEncoder } from '../training/run-folder/checkpoint.ts';
import { listCheckpoints, readRecord } from '../training/run-folder/run-folder.ts';
import { encoderWeights, initialState } from '../training/run-folder/state.ts';
import type { EvaluateJob, EvaluationProgress, JobTypes } from './protocol.ts';
import { requireCached, sampleOf } from './run-data.ts';

type Plan = Sample['plan'];

/** How many times a picture is taken for one source: of images without labels two crops. */
const looksOf = (plan: Plan): number =>
  plan.kind === 'labels' ? plan.bank.length + plan.queries.length : 2 * (plan.bank.length + plan.images.length);

/** The sample, which says how far the evaluation is while pictures are taken from it; `begin` is called before each source. */
function watched(
  sample: Sample,
  stages: readonly string[],
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

const originGone =
  'The weights that it began with are no longer kept, or cannot be read, and were not measured: whether it has become better than they were is not said.';

/** The weights of another run that this one began with, kept as its checkpoint of step 0; why they are not measured where they should be. */
function originOf({ run, checkpoint }: EvaluateJob, step: number): { readonly weights?: Weights; readonly missing?: string } {
  // A file from elsewhere has another history, and at step 0 there is nothing to compare.
  if (step === 0 || dirname(resolve(checkpoint)) !== resolve(run, 'checkpoints') || readRecord(run).from === undefined) return {};
  const first = listCheckpoints(run).find((stored) => stored.step === 0);
  if (!first) return { missing: originGone };
  try {
    return { weights: loadTargetEncoder(first.file).weights };
  } catch (error) {
    if (error instanceof AppError && error.code === 'bad-checkpoint') return { missing: originGone };
    throw error;
  }
}

/** Evaluates a checkpoint. Throws `bad-checkpoint`, `not-found` without the cache, `no-images`, and what a device throws. */
export async function runEvaluateJob(
  job: EvaluateJob,
  onEvent: (event: JobTypes['evaluate']['event']) => void,
): Promise<JobTypes['evaluate']['result']> {
  const cache = new DecodeCache(job.cache.folder, { access: 'read' });
  try {
    return await reportOf(job, cache, onEvent);
  } finally {
    cache.dispose();
  }
}

async function reportOf(
  job: EvaluateJob,
  cache: DecodeCache,
  onEvent: (event: JobTypes['evaluate']['event']) => void,
): Promise<JobTypes['evaluate']['result']> {
  const { header, weights } = loadTargetEncoder(job.checkpoint);
  const size = modelSize(header.config);
  const hashes = job.images.map(({ hash }) => hash);
  requireCached(cache, hashes);
  const { purpose, queriesFor = 'both', labelsFrom, bankPerClass, queriesPerClass } = job;
  const plan = planEvaluation(job.images, { purpose, queriesFor, labelsFrom, bankPerClass, queriesPerClass });
  const origin = originOf(job, header.step);
  const stages = ['this run', 'untrained network', 'raw pixels', ...(origin.weights ? ['the weights it began with'] : [])];
  const { sample, begin } = watched(sampleOf(cache, hashes, plan, header.config, job.pixelSide), stages, onEvent);
  const judge = await Judge.create(sample, size, {
    device: job.device,
    threads: job.threads,
    ...(job.batch !== undefined && { batch: job.batch }),
  });
  try {
    begin(0, judge.plan);
    const run = await judge.measure(weights, 'run', job.probe);
    begin(1, judge.plan);
    const untrained = await judge.measure(encoderWeights(initialState(header.config), size, 'targetEncoder'), 'untrained', job.probe);
    begin(2, judge.plan);
    const pixels = await judge.pixels(job.probe);
    const rows = [run.figures, untrained.figures, pixels];
    if (origin.weights) {
      begin(3, judge.plan);
      rows.push((await judge.measure(origin.weights, 'origin', job.probe)).figures);
    }
    const { positionalShare } = run;
    const report = assembleReport(judge.plan, rows, {
      positionalShare,
      unreadable: judge.unreadable,
      learned: job.learned,
      ...(job.common !== undefined && { common: job.common }),
      agreed: header.config.agreement > 0,
      ...(job.chosenOtherwise !== undefined && { chosenOtherwise: job.chosenOtherwise }),
    });
    return origin.missing === undefined ? report : { ...report, notes: [...report.notes, origin.missing] };
  } finally {
    await judge.dispose();
  }
}
