// What the fake engine refuses as the real one does.
import type { FolderSummary } from '../../shared/contract/contract-library.ts';
import type { RunSummary } from '../../shared/contract/contract-runs.ts';
import { readingOf } from '../../shared/contract/reading-jobs.ts';
import { AppError } from '../../shared/errors.ts';
import { baseName } from '../strings/format.ts';
import type { FakeJobs } from './fake-jobs.ts';
import { gridImage, imagesFolder } from './synthetic-images.ts';

/** Throws `locked` for a run of a folder that is being read. */
export function refuseWhileRead(jobs: FakeJobs, { id, name }: Pick<FolderSummary, 'id' | 'name'>): void {
  if (!readingOf(id, jobs.list)) return;
  throw new AppError(
    'locked',
    `${name} is still being read, and what a run takes follows from all of its images.`,
    'Start the run when the folder is read, or stop reading it to learn from the images that are there by then.',
  );
}

/** Throws `bad-input` for images of another folder than the one that a run learns from. */
export function refuseOthers({ folder, folderId }: Pick<RunSummary, 'folder' | 'folderId'>, images: readonly number[]): void {
  if (folderId === imagesFolder || images.length === 0) return;
  const { path } = gridImage(images[0]!);
  throw new AppError(
    'bad-input',
    `${path} is not among the images of ${baseName(folder) || folder}, which the run learns from.`,
    'Pin images of that folder.',
  );
}
