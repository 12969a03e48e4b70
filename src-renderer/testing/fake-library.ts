// The fake engine's folders and images.
import type { FolderSummary, libraryChannels } from '../../shared/contract/contract-library.ts';
import type { Handlers } from '../../shared/contract/rpc-server.ts';
import { AppError } from '../../shared/errors.ts';
import type { FakeJobs } from './fake-jobs.ts';
import { drawing } from './pictures.ts';
import { counted, filtered, folderOf, gridImage, imageCount, imagesFolder, labelCounts, splitOf, statusOf } from './synthetic-images.ts';
import type { Tags } from './synthetic-images.ts';

const day = 86_400_000;

const summary = (id: number, path: string, more: Partial<FolderSummary>): FolderSummary => ({
  id,
  path,
  name: path.split('/').at(-1)!,
  exists: true,
  images: imageCount,
  failed: 37,
  missing: 11,
  labels: { kind: 'folders' },
  labelCount: 20,
  addedAt: Date.now() - 3 * day,
  scannedAt: Date.now() - day,
  ...more,
});

export const foldersOfAll: readonly FolderSummary[] = [
  summary(1, '/home/ada/plates/stained-cells-2026', {}),
  summary(2, '/media/ada/archive/herbarium-sheets', {
    images: 31_240,
    failed: 0,
    missing: 0,
    labels: { kind: 'off' },
    labelCount: 0,
    addedAt: Date.now() - 40 * day,
  }),
  summary(3, '/media/ada/usb-drive/field-camera', { images: 812, failed: 2, exists: false, labelCount: 3, addedAt: Date.now() - 90 * day }),
];

const samples = { id: 9, path: '/home/ada/ijepa-studio-samples' } as const;
/** Where the folders lie that the fake engine has, or may get. */
export const folderPath = (folder: number): string =>
  folder === samples.id ? samples.path : (foldersOfAll.find(({ id }) => id === folder)?.path ?? `/home/ada/folder-${folder}`);
export const folderName = (folder: number): string => folderPath(folder).split('/').at(-1)!;

const reasons = [
  { reason: 'truncated', message: 'The file ends in the middle of the picture.' },
  { reason: 'not-an-image', message: 'This is a text file with the name of an image.' },
  { reason: 'too-large', message: 'The picture has 412 megapixels; at most 268 can be read.' },
] as const;
const failureOf = (image: number): { reason: string; message: string } => reasons[image % reasons.length]!;

export function fakeLibrary(start: readonly FolderSummary[], jobs: FakeJobs, tags: Tags): Handlers<typeof libraryChannels> {
  let folders = [...start];
  let last: { readonly key: string; readonly ids: Int32Array<ArrayBuffer> } | undefined;
  const idsOf = (filter: Parameters<typeof filtered>[0]): Int32Array<ArrayBuffer> => {
    const key = JSON.stringify(filter);
    if (last?.key !== key) last = { key, ids: filtered(filter, tags) };
    return last.ids;
  };
  const scan = (folder: FolderSummary, kind: 'scan' | 'samples' | 'relink'): number =>
    jobs.start({
      kind,
      subject: folder.name,
      unit: 'images',
      total: imageCount,
      rate: 24_000,
      detail: 'Reading pictures',
      result: '100,000 images found, 37 could not be read.',
      folder: folder.id,
    });
  const failures = Array.from(idsOf({ status: 'failed' }), (id) => ({ id, path: gridImage(id).path, ...failureOf(id) }));
  const noPicture = (): never => {
    throw new AppError('bad-file', 'The testing page draws its pictures itself.', 'Ask for thumbnail/<id>.');
  };
  return {
    'library.folders': () => folders,
    'library.scan': ({ path, labels }) => {
      const known = folders.find((one) => one.path === path);
      const folder = known ?? summary(folders.length + 1, path, { addedAt: Date.now() });
      folders = [...folders.filter((one) => one !== known), { ...folder, ...(labels && { labels }) }];
      return { folder: folder.id, job: scan(folder, 'scan') };
    },
    'library.samples': () => {
      const folder = summary(samples.id, samples.path, { addedAt: Date.now() });
      folders = [...folders.filter(({ id }) => id !== samples.id), folder];
      return { path: folder.path, job: scan(folder, 'samples') };
    },
    'library.relink': ({ folder, path }) => {
      folders = folders.map((one) => (one.id === folder ? { ...one, path, exists: true } : one));
      return {
        job: scan(
          folders.find(({ id }) => id === folder)!,
          'relink',
        ),
      };
    },
    'library.remove': ({ folder }) => {
      folders = folders.filter(({ id }) => id !== folder);
    },
    'library.changes': ({ folder }) => (folder === 1 ? { added: 298, changed: 14, missing: 0 } : { added: 0, changed: 0, missing: 0 }),
    'library.page': ({ filter, offset, limit }) => {
      const ids = idsOf(filter);
      return { total: ids.length, rows: Array.from(ids.subarray(offset, offset + limit), gridImage) };
    },
    'library.ids': ({ filter }) => ({ ids: idsOf(filter) }),
    'library.position': ({ filter, image }) => ({ index: idsOf(filter).indexOf(image) }),
    'library.facets': () => ({
      labels: labelCounts(),
      splits: counted(splitOf),
      statuses: counted(statusOf),
      tags: tags.counts(),
      folders: counted(folderOf),
    }),
    'library.details': ({ image }) => {
      const row = gridImage(image);
      const copies = image % 500 === 0 ? [image - 1] : image % 500 === 499 ? [image + 1] : [];
      return {
        ...row,
        folder: imagesFolder,
        file: `${foldersOfAll[0]!.path}/${row.path}`,
        size: 48_000 + 31 * (image % 9000),
        modified: Date.now() - (image % 900) * day,
        format: row.width > 0 ? 'png' : null,
        split: splitOf(image),
        hash: row.width > 0 ? (image * 2_654_435_761).toString(16).padStart(16, '0').repeat(4).slice(0, 64) : null,
        tags: tags.of(image),
        copies: copies.map((id) => ({ id, path: gridImage(id).path })),
        ...(row.status === 'failed' && { failure: failureOf(image) }),
      };
    },
    'library.thumbnail': noPicture,
    'library.thumbnails': ({ images }, { emit }) => {
      const encoder = new TextEncoder();
      emit(
        Array.from(images, (image) => ({
          image,
          picture: statusOf(image) === 'failed' ? null : { bytes: encoder.encode(drawing(image)), type: 'image/svg+xml' },
        })),
      );
    },
    'library.picture': noPicture,
    'library.failures': ({ offset, limit }) => ({ total: failures.length, rows: failures.slice(offset, offset + limit) }),
    'library.failuresFile': () => ({
      name: 'unreadable.csv',
      bytes: new TextEncoder().encode(['path,reason', ...failures.map(({ path, reason }) => `"${path}",${reason}`)].join('\n')),
    }),
    'library.tag': ({ images, name, on }) => {
      last = undefined;
      return { images: tags.put(name, [...images], on) };
    },
  };
}
