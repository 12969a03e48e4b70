// Answers of the channels about folders and their images.
import { basename } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import type { FolderSummary, ImageDetails, ImageFilter, libraryChannels } from '../../../../shared/contract/contract-library.ts';
import type { Handlers } from '../../../../shared/contract/rpc-server.ts';
import { addTag, removeTag } from '../../../library/annotations.ts';
import { findChanges } from '../../../library/changes.ts';
import { facets } from '../../../library/facets.ts';
import { countFailures, failureLines, failures } from '../../../library/failures.ts';
import { displayName, nativePath } from '../../../library/file-names.ts';
import { folderCounts, folderOf, folders } from '../../../library/folders.ts';
import type { Folder } from '../../../library/folders.ts';
import { ImageGrid } from '../../../library/grid.ts';
import type { GridFilter } from '../../../library/grid.ts';
import { imageDetails } from '../../../library/image-details.ts';
import type { Studio } from '../../studio.ts';
import type { EngineContext } from '../context.ts';
import { sendThumbnails } from '../thumbnails/many-thumbnails.ts';
import type { Thumbnails } from '../thumbnails/thumbnails.ts';
import { folderExists } from './folder-exists.ts';
import { forgetFolder, startRelink, startSamples, startScan } from './folder-jobs.ts';

const mostSubfolders = 500;
/** Images that are tagged before others get their turn. */
const pieceTags = 1000;
async function summary({ library }: Studio, { id, path, labels, addedAt }: Folder): Promise<FolderSummary> {
  const { labels: labelCount, ...counts } = folderCounts(library, id);
  return { id, path, name: basename(path) || path, exists: await folderExists(path), ...counts, labels, labelCount, addedAt };
}

async function summaries(studio: Studio): Promise<FolderSummary[]> {
  const all: FolderSummary[] = [];
  for (const folder of folders(studio.library)) all.push(await summary(studio, folder));
  return all;
}

/** Keys that are not given are absent and not `undefined`. */
const filterOf = (filter: ImageFilter): GridFilter => Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));

function details({ library }: Studio, image: number): ImageDetails {
  const { folderId, root, hash, width, height, format, failure, ...row } = imageDetails(library, image);
  const native = nativePath(root, row.path);
  return {
    ...row,
    folder: folderId,
    file: typeof native === 'string' ? native : displayName(`${root}/${row.path}`),
    hash,
    width: width ?? 0,
    height: height ?? 0,
    format,
    ...(failure && { failure }),
  };
}

async function tag({ library }: Studio, images: Int32Array, name: string, on: boolean): Promise<number> {
  let count = 0;
  for (let at = 0; at < images.length; at += pieceTags) {
    count += (on ? addTag : removeTag)(library, [...images.subarray(at, at + pieceTags)], name);
    await breathe();
  }
  return count;
}

export const libraryHandlers = (context: EngineContext, thumbnails: Thumbnails): Handlers<typeof libraryChannels> => {
  const { studio } = context;
  const { library } = studio;
  const grid = new ImageGrid(library);
  return {
    'library.folders': async () => summaries(studio),
    'library.scan': async ({ path, labels, retry }) => startScan(context, path, { ...(labels && { labels }), retry: retry === true }),
    'library.samples': async () => startSamples(context),
    'library.relink': ({ folder, path }) => startRelink(context, folder, path),
    'library.remove': async ({ folder }) => forgetFolder(context, folder),
    'library.changes': async ({ folder }, { signal }) => findChanges(library, folder, signal, studio.within),
    'library.page': async ({ folder, filter, offset, limit }) => {
      // Whoever looks at a page asks for its pictures next.
      thumbnails.prepare();
      return grid.page(folder, filterOf(filter), offset, limit);
    },
    'library.ids': async ({ folder, filter }) => ({ ids: await grid.ids(folder, filterOf(filter)) }),
    'library.position': async ({ folder, filter, image }) => ({ index: await grid.position(folder, filterOf(filter), image) }),
    'library.facets': async ({ folder }) => facets(library, folder, mostSubfolders),
    'library.details': ({ image }) => details(studio, image),
    'library.thumbnail': async ({ image, side }, { signal }) => thumbnails.thumbnail(image, side, signal),
    'library.thumbnails': async ({ images, side }, { signal, emit }) => sendThumbnails(thumbnails, images, side, signal, emit),
    'library.picture': async ({ image }, { signal }) => thumbnails.picture(image, signal),
    'library.failures': ({ folder, offset, limit }) => ({
      total: countFailures(library, folder),
      rows: failures(library, { root: folder, offset, limit }).map(({ imageId, path, reason, message }) => ({
        id: imageId ?? undefined,
        path: displayName(path),
        reason,
        message,
      })),
    }),
    'library.failuresFile': ({ folder }) => ({
      name: `${basename(folderOf(library, folder).path)} - unreadable files.csv`,
      bytes: new TextEncoder().encode([...failureLines(library, folder)].join('')),
    }),
    'library.tag': async ({ images, name, on }) => ({ images: await tag(studio, images, name, on) }),
  };
};
