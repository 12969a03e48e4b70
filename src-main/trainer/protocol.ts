// What the engine asks of the trainer process and what it answers. One job at a time; control messages overtake.
import type { TrainConfig } from '../../shared/config/config-table.ts';
import type { DeviceId, OnnxDevice, Precision } from '../../shared/devices.ts';
import type { WireError } from '../../shared/errors.ts';
import type { TrainEvent } from '../../shared/train-events.ts';
import type { EvaluationImage, QueriesFor } from '../evaluation/evaluation-image.ts';
import type { Acquaintance } from '../evaluation/report-notes.ts';
import type { EvaluationReport } from '../evaluation/report.ts';
import type { CardUse } from '../files/card-lock.ts';
import type { EmbeddingLayer } from '../jepa/embedding.ts';
import type { MicroBatch } from '../training/plan/fit-micro-batch.ts';

/** Where the decoded images of a job lie. */
export interface CacheAddress {
  readonly folder: string;
  readonly shortSide: number;
}

export interface TrainJob {
  readonly kind: 'train';
  readonly run: string;
  readonly cache: CacheAddress;
  /** Folder that keeps the step's graphs as they were optimised. */
  readonly optimised?: string;
  /** Every different content once, in catalogue order. */
  readonly images: readonly EvaluationImage[];
  /** What the test images are for; without it for choosing and the report alike. */
  readonly queriesFor?: QueriesFor;
  /** Where the labels come from; the names of folders when absent. */
  readonly labelsFrom?: 'file';
  /** Of the catalogue as it is now. */
  readonly fingerprint: string;
  readonly device: DeviceId;
  /** Why this device, as a sentence. */
  readonly reason?: string;
  /** Of matrix products; what the device makes of the run's own when absent. */
  readonly precision?: Precision;
  /** For a run that has not been on this device before and sets none itself. */
  readonly microBatch?: MicroBatch;
  /** Whether the device computes on the processor, whatever it is called: it keeps nobody from the card. */
  readonly onProcessor?: true;
}

export interface EmbedJob {
  readonly kind: 'embed';
  readonly checkpoint: string;
  readonly cache: CacheAddress;
  readonly hashes: readonly string[];
  readonly store: string;
  readonly layer: EmbeddingLayer;
  readonly threads: number;
  readonly device: DeviceId;
  /** Images that pass at once; as many as are good for the device when absent. */
  readonly batch?: number;
  /** As of a run. */
  readonly onProcessor?: true;
}

/** Embeds images that are no part of a library, given as decoded pixels. */
export interface EmbedPixelsJob {
  readonly kind: 'embed-pixels';
  readonly checkpoint: string;
  readonly images: readonly { readonly width: number; readonly height: number; readonly pixels: Uint8Array }[];
  readonly layer: EmbeddingLayer;
  readonly threads: number;
  readonly device: OnnxDevice;
}

/** Colours the patches of pictures by what the encoder makes of them. */
export interface FeaturesJob {
  readonly kind: 'features';
  readonly checkpoint: string;
  readonly cache: CacheAddress;
  /** Contents that the colours are fitted on, as far as the cache holds them, in order. */
  readonly fitOn: readonly string[];
  readonly images: readonly { readonly width: number; readonly height: number; readonly pixels: Uint8Array }[];
  /** Times as many pixels and patches along a side as the encoder was trained on; 1 when absent. */
  readonly finer?: number;
  readonly threads: number;
  readonly device: OnnxDevice;
}

/** One picture as the encoder got it, and its patches as colours. */
export interface FeaturePicture {
  /** Pixels along a side; [side, side, 3] bytes. */
  readonly side: number;
  readonly seen: Uint8Array;
  /** Patches along a side; [grid, grid, 3] bytes. */
  readonly grid: number;
  readonly colours: Uint8Array;
}

/** How far an evaluation is. */
export interface EvaluationProgress {
  readonly type: 'progress';
  /** Whose vectors are measured, in words, and which of how many sources it is, from 0. */
  readonly stage: string;
  readonly source: number;
  readonly sources: number;
  /** First its pictures are looked at, then come the spaces and probes, which cannot say how far they are. */
  readonly part: 'pictures' | 'figures';
  /** Looks at pictures, of all sources. */
  readonly done: number;
  readonly total: number;
}

export interface EvaluateJob {
  readonly kind: 'evaluate';
  readonly run: string;
  readonly checkpoint: string;
  readonly cache: CacheAddress;
  readonly images: readonly EvaluationImage[];
  readonly learned: Acquaintance;
  /** Both as a report's findings have them. */
  readonly common?: number;
  readonly chosenOtherwise?: boolean;
  readonly purpose: 'choosing' | 'reporting';
  readonly queriesFor?: QueriesFor;
  readonly labelsFrom?: 'file';
  readonly bankPerClass: number;
  readonly queriesPerClass: number;
  /** Side of the pictures of the raw-pixel baseline. */
  readonly pixelSide: number;
  readonly probe: boolean;
  readonly threads: number;
  readonly device: DeviceId;
  /** As of an embedding. */
  readonly batch?: number;
  /** As of a run. */
  readonly onProcessor?: true;
}

export interface SelfTestJob {
  readonly kind: 'self-test';
  readonly threads: number;
  readonly device: DeviceId;
  /** Of matrix products; float32 when absent. */
  readonly precision?: Precision;
  /** Bytes of the device's memory, as far as they are known. */
  readonly free?: number;
}

/** Steps of each phase of a run that a trial makes, the first to warm up. */
export const trialSteps = 6;

/** Times a few steps, whose batches are cut from pictures of noise beside them as those of a run are. */
export interface TrialJob {
  readonly kind: 'trial';
  readonly config: TrainConfig;
  /** Shorter side of such pictures, pixels; absent: as large as crops of this size need. */
  readonly shortSide?: number;
  readonly threads: number;
  readonly device: DeviceId;
  /** Whether pictures are embedded too, for their rate. */
  readonly embedding?: boolean;
}

export type Job = TrainJob | EmbedJob | EmbedPixelsJob | FeaturesJob | EvaluateJob | SelfTestJob | TrialJob;

export interface EmbedProgress {
  readonly type: 'embedded';
  readonly done: number;
  readonly total: number;
  readonly imagesPerSecond: number;
}

export interface SelfTestResult {
  /** Largest relative deviation of three tiny steps' losses from the float64 reference. */
  readonly deviation: number;
  readonly passed: boolean;
  /** Rate of bare matrix products in the precision that was tested, GFLOP/s, and the side of the matrices that it was reached with. */
  readonly matmulRate: number;
  readonly matmulSide: number;
  /** Name and version of what computed. */
  readonly runtime: string;
  /** What a person should know of a device that passes: why it does not use a card. */
  readonly remark?: string;
}

export interface TrialFigures {
  /** Of a step, the median after warming up. */
  readonly seconds: number;
  /** Of a step's time, what passes outside of the device's calls, the median. */
  readonly outsideShare: number;
  /** Until the step could be run for the first time. */
  readonly compileSeconds: number;
  /** Peak of the process's resident memory; what a graphics card holds of its own is not in it. */
  readonly peakBytes: number;
  /** Pictures per second, by the encoder of such a run, and where it computes then; only where it was asked for. */
  readonly embedding?: { readonly rate: number; readonly device: DeviceId };
}

/** Events and result of each kind of job. */
export interface JobTypes {
  readonly train: { readonly event: TrainEvent; readonly result: undefined };
  readonly embed: {
    readonly event: EmbedProgress;
    readonly result: { readonly folder: string; readonly rows: number; readonly added: number; readonly skipped: number };
  };
  readonly 'embed-pixels': { readonly event: never; readonly result: { readonly vectors: Float32Array; readonly dimension: number } };
  readonly features: {
    readonly event: never;
    readonly result: {
      readonly pictures: readonly FeaturePicture[];
      /** Images that the colours were fitted on. */ readonly fittedOn: number;
    };
  };
  readonly evaluate: { readonly event: EvaluationProgress; readonly result: EvaluationReport };
  readonly trial: { readonly event: never; readonly result: TrialFigures };
  readonly 'self-test': { readonly event: never; readonly result: SelfTestResult };
}

export type ToTrainer =
  | { readonly type: 'job'; readonly id: number; readonly job: Job }
  | { readonly type: 'control'; readonly action: 'pause' | 'resume' | 'stop' };

export type FromTrainer =
  | { readonly type: 'ready' }
  | { readonly type: 'event'; readonly id: number; readonly event: JobTypes[Job['kind']]['event'] }
  | { readonly type: 'done'; readonly id: number; readonly result: JobTypes[Job['kind']]['result'] }
  | { readonly type: 'failed'; readonly id: number; readonly error: WireError };

/** What a job does on the card; undefined where it is on none. */
export function cardUseOf(job: Job): CardUse | undefined {
  if (job.device === 'cpu' || ('onProcessor' in job && job.onProcessor)) return undefined;
  return job.kind === 'self-test' || job.kind === 'trial' ? 'measures' : 'works';
}
