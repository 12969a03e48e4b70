// How far a run or a job is, as the bars of the page, the taskbar and the terminal show it.
import type { TrainConfig } from './config/config-table.ts';
import { smallCrop, smallSteps } from './config/config.ts';
import type { JobProgress } from './contract/contract-jobs.ts';

/** What the crops before a step have shown, in crops of the full size, of a run whose crops are small before the step `until`. */
export const shownBefore = (step: number, until: number): number => smallCrop * Math.min(step, until) + Math.max(0, step - until);

/** Share of a run of `steps` updates that is over before a step, 0 to 1: small crops take about as much less time as they show less. */
export function runShare(config: Pick<TrainConfig, 'smallFirst'>, steps: number, step: number): number {
  const until = smallSteps(config, steps);
  return Math.min(1, shownBefore(step, until) / shownBefore(Math.max(1, steps), until));
}

/** Share of a job that is done, 0 to 1; undefined while nobody knows. */
export function jobShare({ done, total, share }: Pick<JobProgress, 'done' | 'total' | 'share'>): number | undefined {
  if (share !== undefined) return share;
  return total > 0 ? Math.min(1, done / total) : undefined;
}
