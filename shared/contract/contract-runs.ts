// Runs: planned, started, watched, compared.
import * as v from 'valibot';
import { configTable } from '../config/config-table.ts';
import type { TrainConfig } from '../config/config-table.ts';
import type { ImportedWeights, Origin } from '../config/origin.ts';
import type { MemoryParts } from '../memory-parts.ts';
import type { RunState } from '../run-state.ts';
import type { RunBaselines } from '../run-verdict.ts';
import type { OnlineEvaluation, RunSizes, StepMetrics, TrainEvent } from '../train-events.ts';
import { channel } from './channel.ts';
import type { JobStarted } from './contract-jobs.ts';
import { checkpoint, count, identity, images, nothing, runName, settings, text } from './contract-values.ts';
import { metricNames } from './metric-names.ts';
import type { MetricName } from './metric-names.ts';

export interface RunSummary {
  readonly name: string;
  /** ISO time. */
  readonly created: string;
  readonly note: string;
  /** Path of the folder that it learns from, and its number while it is in the catalogue. */
  readonly folder: string;
  readonly folderId: number | undefined;
  readonly state: RunState;
  /** Why it is `failed`. */
  readonly problem?: string;
  readonly step: number;
  readonly steps: number;
  readonly images: number;
  readonly imported: boolean;
  /** Bytes on disk: what deleting it frees. */
  readonly bytes: number;
  readonly bestStep: number | undefined;
  readonly checkpoints: readonly number[];
  /** Score of the run's best checkpoint beside both baselines, shares of 1; none before the first evaluation, nor until the next where other images judge since. */
  readonly score?: { readonly task: 'knn' | 'retrieval'; readonly run: number; readonly pixels: number; readonly untrained: number };
}

export type Baselines = RunBaselines;

export interface RunNote {
  readonly step: number;
  readonly message: string;
  readonly hint: string;
  /** Whether it tells of the run's course, where nothing is amiss. */
  readonly isCourse?: true;
  /** Step from which on it counts no more; absent while it does, and of what nothing takes back. */
  readonly overSince?: number;
  /** It is over because the run is done, whose advice has no use any more; absent where an evaluation no longer said so. */
  readonly ended?: true;
}

/** What evaluations stand beside that were made after the step `since`, until the next judgement begins. */
export interface Judgement {
  readonly since: number;
  /** Undefined where they were not measured. */
  readonly baselines: Baselines | undefined;
}

export interface RunDetails {
  readonly summary: RunSummary;
  readonly config: TrainConfig;
  readonly threads: number;
  readonly program: string;
  readonly path: string;
  readonly sizes: RunSizes | undefined;
  /** Whether it left the computer usable when it was trained last; undefined where that is not known. */
  readonly usable: boolean | undefined;
  /** What it trained on last and why, as a sentence; undefined before it has begun. */
  readonly trainedOn: string | undefined;
  /** What was in imported weights; undefined of other runs, and of those that an earlier version has imported. */
  readonly weights: ImportedWeights | undefined;
  /** Whose weights it began with; undefined of a run from scratch. */
  readonly origin: Origin | undefined;
  readonly baselines: Baselines | undefined;
  readonly evaluations: readonly OnlineEvaluation[];
  /** Whether there were enough images to judge it with when it trained last; undefined before it has begun, and of runs of earlier versions. */
  readonly judged: boolean | undefined;
  /** Step from which on other images judge than before; undefined where they are still the first. */
  readonly judgedSince: number | undefined;
  /** All that there were, oldest first; the last one is that of `baselines`. */
  readonly judgements: readonly Judgement[];
  readonly notes: readonly RunNote[];
  /** Pictures whose neighbours are looked at while it learns. */
  readonly pinned: readonly number[];
  /** Whether a person has chosen them; the run has otherwise. */
  readonly pinnedByHand: boolean;
}

export interface RunPlan {
  readonly config: TrainConfig;
  readonly steps: number;
  /** Different contents that are learned from, and those of the folder that are kept for judging: of its validation and test parts. */
  readonly images: number;
  readonly heldOut: number;
  /** Why these settings, in a sentence. */
  readonly reason: string;
  readonly sizes: RunSizes;
  /** How many images pass at once on what it would train on, and why, as a sentence. */
  readonly microBatch: string;
  /** Bytes of the checkpoints kept, and of the decoded images that are still to be made. */
  readonly diskBytes: number;
  readonly diskFree: number;
  /** Bytes that training takes on the processor, counted from its graph, and those that are free. */
  readonly memoryBytes: number;
  readonly memoryFree: number;
  /** What the bytes on the processor are made of. */
  readonly memoryParts: MemoryParts;
  /** What it would train on and why, as a sentence. */
  readonly device: string;
  /** What is known of its time before a trial; undefined while nothing was timed on the device. */
  readonly time:
    | {
        readonly secondsPerStep: number;
        /** Whether steps of these very sizes were timed; else it follows from others. */
        readonly timed: boolean;
        /** Whether it is the processor's, and a card that is still to be tried may be faster. */
        readonly atMost: boolean;
      }
    | undefined;
  /** The graphics card that this may be: bytes that training takes there, counted from its graph, and those that are free where that is told. */
  readonly card: { readonly name: string; readonly bytes: number; readonly free?: number; readonly parts: MemoryParts } | undefined;
  readonly warnings: readonly { readonly message: string; readonly hint: string }[];
}

/** What a trial step measured. */
export interface TrialResult {
  readonly secondsPerStep: number;
  readonly secondsTotal: number;
  /** What its process took at most, with what a run takes besides: pictures, and evaluations where they are computed there. */
  readonly peakBytes: number;
  readonly memoryFree: number;
  /** What it was measured on and why, as a sentence. */
  readonly device: string;
}

/** Live, at most four a second; `step` is the latest of those since the last. */
export type RunEvent =
  | { readonly type: 'state'; readonly state: RunState; readonly problem?: string }
  | {
      readonly type: 'step';
      readonly metrics: StepMetrics;
      readonly elapsedSeconds: number;
      readonly secondsLeft: number | undefined;
      readonly memoryBytes: number;
    }
  | { readonly type: 'event'; readonly event: Exclude<TrainEvent, { type: 'step' }> };

/** Buckets of a metric over a range of steps: min and max keep every spike. */
export interface MetricSeries {
  /** First step of each bucket; seconds since the start at it. */
  readonly steps: Float64Array;
  readonly seconds: Float64Array;
  readonly mean: Float32Array;
  readonly min: Float32Array;
  readonly max: Float32Array;
}

export interface RunSeries {
  /** Steps logged so far. */
  readonly last: number;
  readonly series: Readonly<Partial<Record<MetricName, MetricSeries>>>;
}

export interface PinnedNeighbours {
  readonly step: number;
  readonly rows: readonly { readonly image: number; readonly neighbours: readonly { readonly image: number; readonly score: number }[] }[];
}

/** Which images ask: those that the best checkpoint is chosen on, or those that no choice was made on, as far as a folder has such. */
export const evaluationPurposes = ['choosing', 'reporting'] as const;
export type EvaluationPurpose = (typeof evaluationPurposes)[number];

/** A finished evaluation of a checkpoint, beside both baselines; the latest of its step and purpose. */
export interface EvaluationSummary {
  readonly step: number;
  readonly purpose: EvaluationPurpose;
  /** Path of the folder that it was judged on, where that is not the run's own. */
  readonly folder: string | undefined;
  readonly headline: string;
  /** Each measure with a row per source, the run first, and in it a cell each for vectors as they are, centred and whitened. */
  readonly measures: readonly {
    readonly name: string;
    readonly meaning: string;
    readonly rows: readonly { readonly source: 'run' | 'origin' | 'untrained' | 'pixels'; readonly cells: readonly string[] }[];
  }[];
  /** What it was measured on and what flatters it, a sentence each. */
  readonly facts: readonly string[];
  /** All of it as text of fixed width, as the terminal prints it. */
  readonly text: string;
}

const run = runName;

export const runChannels = {
  'runs.list': channel<readonly RunSummary[]>()(nothing),
  /** The list at once and at every change of it, until cancelled. */
  'runs.watch': channel<void, readonly RunSummary[]>()(nothing),
  'runs.details': channel<RunDetails>()(v.strictObject({ run })),
  /** Completes and checks settings for a folder; starts nothing. `fromWeights`: of a run that begins with weights. Throws `bad-config`, `no-images`. */
  'runs.plan': channel<RunPlan>()(v.strictObject({ folder: identity, settings, fromWeights: v.optional(v.boolean()) })),
  /** Times a few steps. Throws `locked` while a run trains, `bad-config`. */
  'runs.trial': channel<TrialResult>()(v.strictObject({ folder: identity, settings })),
  /** `usable`: one thread less and low priority, so that the computer stays quick. `from`: weights of another run to start with. */
  'runs.start': channel<JobStarted & { readonly run: string }>()(
    v.strictObject({
      folder: identity,
      settings,
      name: v.optional(runName),
      note: v.optional(text(10_000)),
      usable: v.boolean(),
      from: v.optional(v.strictObject({ run, checkpoint })),
    }),
  ),
  /** `usable`: as for a start, also against how it was trained before. `device`: for what is left, another one than the run was started on. */
  'runs.resume': channel<JobStarted>()(
    v.strictObject({ run, usable: v.boolean(), device: v.optional(v.picklist(configTable.device.choices)) }),
  ),
  /**
   * A pause is after the current step, a stop at once; both keep a checkpoint. `discard` stops at once without one: the run stands at its last. Throws
   * `bad-input` for a move that there is not.
   */
  'runs.control': channel<void>()(v.strictObject({ run, action: v.picklist(['pause', 'continue', 'stop', 'discard']) })),
  'runs.note': channel<void>()(v.strictObject({ run, note: text(10_000) })),
  'runs.rename': channel<void>()(v.strictObject({ run, name: runName })),
  /** Deletes the folder of a run and the vectors made with it. Throws `locked` while work on it is under way. */
  'runs.delete': channel<{ readonly freed: number }>()(v.strictObject({ run })),
  /** What happens in a run, from now on, until cancelled. */
  'runs.events': channel<void, RunEvent>()(v.strictObject({ run })),
  /** Buckets between two steps (`to` 0: the end), at most `points` of them. */
  'runs.series': channel<RunSeries>()(
    v.strictObject({
      run,
      metrics: v.pipe(v.array(v.picklist(metricNames)), v.minLength(1), v.maxLength(metricNames.length)),
      from: count(1e12),
      to: count(1e12),
      points: v.pipe(v.number(), v.integer(), v.minValue(10), v.maxValue(4000)),
    }),
  ),
  /** Of its own folder; none: the run chooses some again. Throws `bad-input` for others. */
  'runs.pin': channel<void>()(v.strictObject({ run, images: images(8) })),
  /** Neighbours of the pinned pictures at each evaluation so far, oldest first. */
  'runs.pinned': channel<readonly PinnedNeighbours[]>()(v.strictObject({ run })),
  /** `folder`: what it is judged on, instead of the run's own. Throws `bad-input` for imported weights without one, which have none; `not-found`. */
  'runs.evaluate': channel<JobStarted>()(
    v.strictObject({ run, checkpoint, purpose: v.picklist(evaluationPurposes), folder: v.optional(identity) }),
  ),
  /** The evaluations that were asked for, newest first. */
  'runs.reports': channel<readonly EvaluationSummary[]>()(v.strictObject({ run })),
} as const;
