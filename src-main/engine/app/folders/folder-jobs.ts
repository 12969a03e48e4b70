// Folders added, moved, forgotten: what the catalogue knows changes, the files stay as they are.
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { defaultConfig } from '../../../../shared/config/config.ts';
import { preprocessingOf } from '../../../../shared/config/preprocessing.ts';
import { AppError } from '../../../../shared/errors.ts';
import { cachedShortSide } from '../../../images/cache-space.ts';
import { addFolder, findFolder, folderOf, removeFolderGently } from '../../../library/folders.ts';
import { labelRule } from '../../../library/labels.ts';
import type { LabelMode } from '../../../library/labels.ts';
import { rootIdentity } from '../../../library/walk.ts';
import { moveFolder } from '../../folders/moved-folder.ts';
import { copySampleImages } from '../../folders/sample-images.ts';
import type { Studio } from '../../studio.ts';
import type { EngineContext } from '../context.ts';
import { rateMeter } from '../rate.ts';
import { count, plural } from '../words.ts';
import { runScan, takeTurn } from './scan-job.ts';

/** What a scan decodes for before anything is known about the run. */
const plain = { settings: preprocessingOf(defaultConfig), shortSide: cachedShortSide(defaultConfig.imageSize) } as const;

/** Adds the folder at once, so that it is in the list while it is scanned. Throws `not-allowed`, `not-found`, `bad-input`, `bad-file`. */
export async function startScan(
  { studio, jobs, roots }: EngineContext,
  path: string,
  { labels, retry }: { readonly labels?: LabelMode; readonly retry: boolean },
): Promise<{ readonly job: number; readonly folder: number }> {
  const root = await roots.readable(path);
  const mode = labels?.kind === 'csv' ? ({ kind: 'csv', file: await roots.readable(labels.file) } as const) : labels;
  await rootIdentity(root);
  // A table that cannot be read is said before it is kept as the folder's.
  if (mode) await labelRule(mode);
  refuseWhileLeaving(studio, findFolder(studio.library, root)?.id);
  const { id } = addFolder(studio.library, root, mode);
  const job = jobs.start('scan', { subject: basename(root) || root, folder: id }, async (handle) =>
    runScan(studio, root, { ...plain, retry }, handle),
  );
  return { job, folder: id };
}

/** Throws `not-found` when the pictures are not installed. */
export async function startSamples({ studio, jobs }: EngineContext): Promise<{ readonly job: number; readonly path: string }> {
  const path = join(studio.home.path, 'sample-images');
  await mkdir(path, { recursive: true });
  refuseWhileLeaving(studio, findFolder(studio.library, path)?.id);
  const { id } = addFolder(studio.library, path);
  const job = jobs.start('samples', { subject: 'Sample images', folder: id }, async (handle) => {
    handle.say('Copies the pictures.');
    await copySampleImages(path, Infinity, handle.signal);
    return runScan(studio, path, plain, handle);
  });
  return { job, path };
}

/** Folders that are being forgotten, piece by piece. */
const leaving = new WeakMap<Studio, Set<number>>();

function refuseWhileLeaving(studio: Studio, folder: number | undefined): void {
  if (folder !== undefined && leaving.get(studio)?.has(folder) === true)
    throw new AppError('locked', 'This folder is being removed from the library.', 'Try again in a moment.');
}

function refuseWhileBusy({ studio, jobs }: EngineContext, folder: number): void {
  refuseWhileLeaving(studio, folder);
  const busy = jobs.list().find((job) => job.folder === folder && (job.state === 'running' || job.state === 'waiting'));
  if (busy) throw new AppError('locked', `This folder is in use (${busy.kind}: ${busy.subject}).`, 'Wait for that to end, or cancel it.');
}

/** Rejects with `not-allowed`, `not-found`, `locked`. */
export async function startRelink(context: EngineContext, folder: number, path: string): Promise<{ readonly job: number }> {
  const { studio, jobs, roots } = context;
  const from = folderOf(studio.library, folder);
  const to = await roots.readable(path);
  refuseWhileBusy(context, folder);
  const job = jobs.start('relink', { subject: basename(from.path), folder }, async (handle) => {
    const { signal } = handle;
    const end = await takeTurn(studio, handle);
    handle.say('Looks for the files.');
    const meter = rateMeter();
    const progress = (done: number, total: number): void => {
      if (total > 0) handle.say('Compares the files.');
      // Finding them goes at another rate.
      handle.progress({ done, total, unit: 'images', ...(total > 0 && meter(done, total)) });
    };
    const { matched, missing, unknown } = await moveFolder(studio, from.path, to, { signal, progress }).finally(end);
    const parts = [
      `${plural(matched, 'image', 'images')} found again`,
      ...(missing > 0 ? [`${count(missing)} missing`] : []),
      ...(unknown > 0 ? [plural(unknown, 'new file', 'new files')] : []),
    ];
    return parts.join(', ');
  });
  return { job };
}

/** Throws `not-found`, `locked` while work on the folder is under way. */
export async function forgetFolder(context: EngineContext, folder: number): Promise<void> {
  folderOf(context.studio.library, folder);
  refuseWhileBusy(context, folder);
  const { studio } = context;
  const set = leaving.get(studio) ?? new Set();
  leaving.set(studio, set.add(folder));
  try {
    await removeFolderGently(studio.library, folder);
  } finally {
    set.delete(folder);
  }
}
