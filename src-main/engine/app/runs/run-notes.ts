// What was noticed in a run, and what of it later evaluations have taken back.
import type { RunNote } from '../../../../shared/contract/contract-runs.ts';
import type { TrainEvent } from '../../../../shared/train-events.ts';
import { judgedOtherwiseRule, rulesUntilDone } from '../../../training/judging/health.ts';

/** The notes among a run's events, in their order; of what was said anew while it stood, the last alone. */
export function runNotes(events: readonly TrainEvent[]): RunNote[] {
  return events.flatMap((event, at) => {
    if (event.type !== 'note') return [];
    const { step, message, hint, rule, isCourse } = event;
    if (rule === undefined) return [{ step, message, hint, ...(isCourse && { isCourse }) }];
    const later = events.slice(at + 1);
    const boundary = later.findIndex((one) => one.type === 'note' && one.rule === judgedOtherwiseRule);
    const comparable = boundary < 0 ? later : later.slice(0, boundary);
    const over = comparable.find((one) => one.type === 'evaluation' && one.healthy?.includes(rule) === true);
    if (over?.type === 'evaluation') return [{ step, message, hint, overSince: over.step }];
    if (rulesUntilDone.includes(rule)) {
      const end = later.find((one) => one.type === 'finished' && one.reason === 'done');
      if (end?.type === 'finished') return [{ step, message, hint, overSince: end.step, ended: true }];
    }
    return later.some((one) => one.type === 'note' && one.rule === rule) ? [] : [{ step, message, hint }];
  });
}
