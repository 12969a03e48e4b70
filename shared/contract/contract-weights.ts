// Weights from elsewhere: the published ones, and files that a person has.
import * as v from 'valibot';
import { channel } from './channel.ts';
import type { JobStarted } from './contract-jobs.ts';
import { nothing, path, runName, text } from './contract-values.ts';

export interface WeightsLicence {
  readonly name: string;
  /** What it allows, in a sentence for a person. */
  readonly sentence: string;
  readonly address: string;
}

export interface PublishedModelSummary {
  readonly name: string;
  readonly what: string;
  /** Bytes to be fetched. */
  readonly bytes: number;
  /** What to know before it is fetched, a sentence: that it cannot be checked as the others are. */
  readonly caution: string | undefined;
  /** Whether its files are on this computer. */
  readonly here: boolean;
}

export interface PublishedModels {
  readonly licence: WeightsLicence;
  readonly models: readonly PublishedModelSummary[];
}

/** Attention heads that weights may be said to have. */
export const mostHeads = 64;
const heads = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(mostHeads));

export const weightsChannels = {
  'weights.models': channel<PublishedModels>()(nothing),
  /** Fetches a model and makes a run of it; only after the person has accepted the licence. Throws `not-found`. */
  'weights.fetch': channel<JobStarted>()(v.strictObject({ model: text(200), accepted: v.literal(true) })),
  /**
   * A file or folder of this computer becomes a run. `heads`: of a file that does not say it. Throws `not-allowed`, `not-found`, and
   * `bad-input` for a name that is taken; the job fails with `bad-checkpoint`, `unsafe-file`, `unsupported`, and `bad-input` without heads.
   */
  'weights.import': channel<JobStarted>()(v.strictObject({ path, name: v.optional(runName), heads: v.optional(heads) })),
} as const;
