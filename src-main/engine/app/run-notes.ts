// What was noticed in a run, and what of it later evaluations have taken back.
import type { RunNote } from '../../../shared/contract-runs.ts';
import type { TrainEvent } from '../../../shared/train-events.ts';

/** The notes among a run's events, in their order. */
export function runNotes(events: readonly TrainEvent[]): RunNote[] {
  return events.flatMap((event, at) => {
    if (event.type !== 'note') return [];
    const { step, message, hint, rule } = event;
    const over = events.find(
      (later, place) =>
        place > at && rule !== undefined && later.type === 'evaluation' && later.step > step && later.health?.includes(rule) === false,
    );
    return [{ step, message, hint, ...(over?.type === 'evaluation' && { overSince: over.step }) }];
  });
}
