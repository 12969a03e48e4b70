// Long work belongs to the engine, not to the page that asked for it: it goes on over a reload, every page sees it and can cancel it.
import * as v from 'valibot';
import type { WireError } from '../errors.ts';
import { channel } from './channel.ts';
import { nothing } from './contract-values.ts';
import type { Layer, Space } from './contract-values.ts';

export const jobKinds = [
  'scan',
  'samples',
  'relink',
  'trial',
  'train',
  'embed',
  'map',
  'compare',
  'evaluate',
  'export',
  'weights',
  'import',
  'install',
  'self-test',
] as const;
export type JobKind = (typeof jobKinds)[number];
export type JobState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

export interface JobProgress {
  /** In `unit`s; `total` 0 while it is not known. */
  readonly done: number;
  readonly total: number;
  readonly unit: 'images' | 'steps' | 'rows' | 'megabytes' | '';
  /** Share of the work that is done, 0 to 1, where its units are not all alike. */
  readonly share?: number;
  /** Units per second, 0 while not known. */
  readonly rate: number;
  /** Seconds left, after the first few per cent. */
  readonly secondsLeft?: number;
}

export interface JobStatus {
  /** Higher than that of any job before, also of an engine that has ended since. */
  readonly id: number;
  readonly kind: JobKind;
  /** What is worked on, for a person: "Pictures", "Pictures-1". */
  readonly subject: string;
  readonly state: JobState;
  readonly progress: JobProgress;
  /** What it is doing now, or what came of it, in a sentence. */
  readonly detail: string;
  /** Jobs of a queue are worked on one at a time, in the order of their numbers. */
  readonly queue?: 'trainer' | 'aside' | 'map';
  /** Folder of the catalogue and run that it is about. */
  readonly folder?: number;
  readonly run?: string;
  /** Of which vectors of the run a map is drawn. */
  readonly map?: { readonly step: number; readonly layer: Layer; readonly space: Space };
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly error?: WireError;
}

export interface JobStarted {
  readonly job: number;
}

/** At most ten changes a second; ended jobs stay for a few minutes, so that a page that was reloaded still learns how they ended. */
export interface JobsEvent {
  /** Of which engine the list is: no job of it has a lower number, and each of one before has. */
  readonly first: number;
  readonly jobs: readonly JobStatus[];
}

/** They begin at a time in milliseconds. */
const jobNumber = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

export const jobChannels = {
  /** The list at once and at every change, until cancelled. */
  'jobs.watch': channel<void, JobsEvent>()(nothing),
  /** Asks a job to end; a training run keeps its checkpoint. Throws `not-found`. */
  'jobs.cancel': channel<void>()(v.strictObject({ job: jobNumber })),
  /** Waits for the end of a job. Rejects with the job's own error, `cancelled`, `not-found`. */
  'jobs.wait': channel<JobStatus>()(v.strictObject({ job: jobNumber })),
} as const;
