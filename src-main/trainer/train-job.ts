// A training run as a job: opens the run, finds where it goes on, and streams its events.
import type { TrainConfig } from '../../shared/config/config-table.ts';
import type { TrainEvent } from '../../shared/train-events.ts';
import { tooFew } from '../evaluation/protocol.ts';
import { DecodeCache } from '../images/cache.ts';
import type { Note } from '../training/judging/health-rules.ts';
import { labelFingerprint } from '../training/judging/label-fingerprint.ts';
import { CardWork } from '../training/plan/card-work.ts';
import { asBefore, usedMicroBatch } from '../training/plan/fit-micro-batch.ts';
import type { MicroBatch } from '../training/plan/fit-micro-batch.ts';
import type { RunControl } from '../training/run-control.ts';
import { resumeState } from '../training/run-folder/resume.ts';
import { listCheckpoints, RunFolder } from '../training/run-folder/run-folder.ts';
import type { RunRecord } from '../training/run-folder/run-folder.ts';
import { train } from '../training/train.ts';
import type { TrainJob } from './protocol.ts';
import { lookOf, requireCached, sampleOf, trainingBatches } from './run-data.ts';
import { samplePlan } from './sample-plan.ts';

/**
 * Trains the run in `job.run` from its newest whole checkpoint, or from the start, for the process `engine` where that is another one. Throws
 * what `train` throws, `locked`, `no-images`.
 */
export async function runTrainJob(
  job: TrainJob,
  control: RunControl,
  onEvent: (event: TrainEvent) => void,
  engine?: number,
): Promise<undefined> {
  const folder = RunFolder.open(job.run, engine);
  const work = new CardWork(job.device, folder.record.config);
  let batches: ReturnType<typeof trainingBatches> | undefined;
  let cache: DecodeCache | undefined;
  try {
    const { config, steps } = folder.record;
    cache = new DecodeCache(job.cache.folder, { access: 'read' });
    const trained = job.images.filter(({ split }) => split !== 'test').map(({ hash }) => hash);
    requireCached(cache, trained);
    // Before the log is taken back to the checkpoint: the memory that was too little then may be so again.
    const microBatch = microBatchOf(job, config);
    const state = resumeState(folder);
    batches = trainingBatches(config, steps, { cache: job.cache.folder, hashes: trained });
    const notes = changesSince(folder.record, job);
    if (microBatch?.lacking) notes.push(microBatch.lacking);
    const plan = config.evaluateImages > 0 ? samplePlan(job, config.evaluateImages) : undefined;
    const reason = plan && tooFew(plan);
    if (reason !== undefined) notes.push(notJudged(reason));
    else if (plan?.kind === 'crops' && job.images.some(({ label }) => label !== undefined)) notes.push(notByLabels(plan.reason));
    const judged = plan && reason === undefined ? sampleOf(cache, hashesOf(job), plan, config) : undefined;
    const sample = judged && { ...judged, look: lookOf(cache, job.run, job.images, judged, config) };
    for await (const event of train({
      folder,
      state,
      batches,
      ...(sample && { sample }),
      device: job.device,
      ...(job.reason !== undefined && { deviceReason: job.reason }),
      ...(job.precision && { precision: job.precision }),
      ...(microBatch && { microBatch }),
      ...(job.optimised !== undefined && { optimised: job.optimised }),
      control,
      notes,
    })) {
      work.see(event);
      onEvent(event);
    }
    return undefined;
  } catch (error) {
    const at = listCheckpoints(folder.path).at(-1)?.step ?? 0;
    const note = work.noteOf(error, at);
    if (note) {
      folder.log(note);
      folder.say(`${note.message} ${note.hint}`);
      onEvent(note);
    }
    throw error;
  } finally {
    await batches?.dispose();
    cache?.dispose();
    folder.dispose();
  }
}

/** What the run was trained with on this device before; what the engine has found for it where it was not, or where the settings say it. */
function microBatchOf({ run, device, microBatch }: TrainJob, config: TrainConfig): MicroBatch | undefined {
  const used = config.microBatch > 0 ? undefined : usedMicroBatch(run, device);
  return used === undefined ? microBatch : asBefore(used, config);
}

const changedImages = {
  message: 'The images of the folder have changed since the run began.',
  hint: 'It goes on with those that are there now, so its result is not that of a run never stopped.',
} as const;

const changedLabels = {
  message: 'The labels or splits of the folder have changed since the run began.',
  hint: 'It goes on with those that are there now: scores from before and after, and the best checkpoint among them, do not compare.',
} as const;

/** What the person should know about the folder. With other images the labels are others too, and that is said already. */
function changesSince(record: RunRecord, job: TrainJob): Note[] {
  if (job.fingerprint !== record.fingerprint) return [changedImages];
  return record.labels !== undefined && labelFingerprint(job.images) !== record.labels ? [changedLabels] : [];
}

const notJudged = (reason: string): Note => ({
  message: `Nothing is evaluated while this run trains: ${reason}`,
  hint: 'Add images or raise evaluateImages; until then the latest checkpoint counts as the best.',
});

const notByLabels = (reason: string): Note => ({
  message: `This run is judged by whether two crops of an image find each other, not by the labels. ${reason}`,
  hint: 'About 120 images with labels, or a folder test with 50 beside one called train, are enough for 20-NN; the training itself uses no labels.',
});

const hashesOf = (job: TrainJob): string[] => job.images.map(({ hash }) => hash);
