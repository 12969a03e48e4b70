// What a run was judged beside, and from which step on: other images or labels that judge have baselines of their own.
import type { Baselines, Judgement } from '../../../../shared/contract/contract-runs.ts';
import type { TrainEvent } from '../../../../shared/train-events.ts';
import { judgedOtherwiseRule } from '../../../training/judging/health.ts';

type Event = Exclude<TrainEvent, { type: 'step' }>;

export const baselinesOf = ({ untrained, pixels, origin }: Extract<TrainEvent, { type: 'baselines' }>): Baselines => ({
  untrained,
  pixels,
  ...(origin && { origin }),
});

/**
 * The judgements of a log, oldest first. One begins with the note that other images or labels judge, or with baselines where others were measured
 * before: a log that was taken back to before such a note keeps the baselines that followed it.
 */
export function judgementsOf(events: readonly Event[]): readonly Judgement[] {
  const all: { since: number; baselines: Baselines | undefined }[] = [{ since: 0, baselines: undefined }];
  let step = 0;
  for (const event of events) {
    if (event.type === 'baselines') {
      if (all.at(-1)!.baselines) all.push({ since: step, baselines: undefined });
      all.at(-1)!.baselines = baselinesOf(event);
      continue;
    }
    ({ step } = event);
    if (event.type === 'note' && event.rule === judgedOtherwiseRule) all.push({ since: step, baselines: undefined });
  }
  return all.filter(({ since }, i) => since !== all[i + 1]?.since);
}
