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

/** Throws for a file that is no archive of this part of TensorFlow: `not-allowed` outside of ada's folders, `bad-file` for another. */
export function refuseArchive(file: string | undefined, kind: 'library' | 'binding', address: string): void {
  if (file === undefined) return;
  if (!/^\/(home|media)\/ada\//.test(file))
    throw new AppError(
      'not-allowed',
      `${file} is outside the folders that may be used here.`,
      'Choose one in /home/ada, /media/ada, or start the program so that another may be used: npm start -- --root FOLDER (ijepa-studio serve --root FOLDER).',
    );
  const name = baseName(file);
  const other = kind === 'library' ? 'binding' : 'library';
  const wrong = name.endsWith('.zip')
    ? 'is for Windows on x86-64 processors'
    : name.startsWith('GPU-') !== (kind === 'binding')
      ? `is the ${other} and not the ${kind}`
      : undefined;
  if (wrong !== undefined)
    throw new AppError('bad-file', `${name} ${wrong}.`, `Choose ${baseName(address)} from ${address}, as it was downloaded.`);
}
