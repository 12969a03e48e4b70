// What is known of a run, brought up to date by the list of runs, which is told of every change.
import type { RunDetails, RunSummary } from '../../../shared/contract/contract-runs.ts';

/**
 * Details with what the list says by now. Of a run whose record cannot be read any more the list knows nothing but why: what was known of it
 * stays.
 */
export function listedDetails(known: RunDetails, listed: RunSummary | undefined): RunDetails {
  if (!listed) return known;
  if (listed.created) return { ...known, summary: listed };
  const { state, problem } = listed;
  return { ...known, summary: { ...known.summary, state, ...(problem !== undefined && { problem }) } };
}
