// Why the selected images cannot be pinned to a run: pinned in vain, their neighbours would be waited for.
import type { RunSummary } from '../../../shared/contract/contract-runs.ts';
import { canResume, isActive } from '../../../shared/run-state.ts';

export type PinReason = 'over' | 'other-folder' | 'none-selected';

/** Nothing where they can: the run will look at images again, and the selection, which is of the folder that is shown, is of its own. */
export function pinReason(
  { state, folderId }: Pick<RunSummary, 'state' | 'folderId'>,
  shown: number | undefined,
  selected: number,
): PinReason | undefined {
  if (!isActive(state) && !canResume(state)) return 'over';
  if (selected === 0) return 'none-selected';
  return folderId === undefined || folderId !== shown ? 'other-folder' : undefined;
}
