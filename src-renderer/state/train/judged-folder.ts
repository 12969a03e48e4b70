// Which folder of the library an evaluation judges a run on.
import type { FolderSummary } from '../../../shared/contract/contract-library.ts';
import type { RunSummary } from '../../../shared/contract/contract-runs.ts';

/**
 * The number of the folder to ask for: imported weights have learned from none here, so it is the one that was chosen, else the first
 * there is. None for a run with a folder of its own, and where the library is empty.
 */
export function folderToJudgeOn(
  { imported }: Pick<RunSummary, 'imported'>,
  folders: readonly Pick<FolderSummary, 'id'>[],
  chosen: number | undefined,
): number | undefined {
  if (!imported) return undefined;
  return (folders.find(({ id }) => id === chosen) ?? folders[0])?.id;
}
