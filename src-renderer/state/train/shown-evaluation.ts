// Which evaluation of a run its page shows in big figures, and what may stand beside it.
import type { RunDetails } from '../../../shared/contract/contract-runs.ts';
import { isActive } from '../../../shared/run-state.ts';
import { askedAlike, baselinesFor } from '../../../shared/run-verdict.ts';
import type { RunBaselines } from '../../../shared/run-verdict.ts';
import type { OnlineEvaluation } from '../../../shared/train-events.ts';

export interface ShownEvaluation {
  /** While the run learns its latest, then that of the checkpoint that is used. */
  readonly last: OnlineEvaluation | undefined;
  /** That of the best checkpoint, where it compares with `last`. */
  readonly best: OnlineEvaluation | undefined;
  /** Those of the run, where they compare with `last`, or before its first evaluation. */
  readonly baselines: RunBaselines | undefined;
}

type Judged = Pick<RunDetails, 'evaluations' | 'baselines' | 'judgedSince'> & {
  readonly summary: Pick<RunDetails['summary'], 'state' | 'bestStep'>;
};

export function shownEvaluation({ summary, evaluations, baselines, judgedSince = -1 }: Judged): ShownEvaluation {
  const best = evaluations.find(({ step }) => step === summary.bestStep);
  const last = (isActive(summary.state) ? undefined : best) ?? evaluations.at(-1);
  if (!last) return { last, best, baselines };
  const alike = best && askedAlike(best, last) && best.step > judgedSince === last.step > judgedSince;
  return { last, best: alike ? best : undefined, baselines: baselinesFor(last, { baselines, judgedSince }) };
}
