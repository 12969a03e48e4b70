// Folders and their images.
import * as v from 'valibot';
import { channel } from './channel.ts';
import type { JobStarted } from './contract-jobs.ts';
import { count, identity, labelMode, manyImages, nothing, path, text } from './contract-values.ts';
import type { LabelSource } from './contract-values.ts';

export type Split = 'train' | 'val' | 'test';
export type ImageStatus = 'ok' | 'failed' | 'missing';

export interface FolderSummary {
  readonly id: number;
  readonly path: string;
  readonly name: string;
  /** Whether the folder is there now; an unplugged drive is not. */
  readonly exists: boolean;
  /** Images that can be used; files that gave none, and images whose file is gone, are counted apart. */
  readonly images: number;
  readonly failed: number;
  readonly missing: number;
  readonly labels: LabelSource;
  /** Different labels among its images. */
  readonly labelCount: number;
  /** Milliseconds since 1970. */
  readonly addedAt: number;
  readonly scannedAt: number | undefined;
}

/** Which images of a folder; all that is given must hold. `null`: without a label, without a split. */
export const imageFilter = v.strictObject({
  label: v.optional(v.nullable(text(500))),
  split: v.optional(v.nullable(v.picklist(['train', 'val', 'test']))),
  status: v.optional(v.picklist(['ok', 'failed', 'missing'])),
  tag: v.optional(text(200)),
  /** Part of the path. */
  search: v.optional(text(500)),
  /** Subfolder, relative, with `/`. */
  below: v.optional(text(4096)),
});
export type ImageFilter = v.InferOutput<typeof imageFilter>;

/** What a cell of the grid needs; its picture is `thumbnail/<id>`. */
export interface GridImage {
  readonly id: number;
  /** Relative, with `/`. */
  readonly path: string;
  readonly status: ImageStatus;
  readonly label: string | null;
  /** Upright, pixels; 0 where it was never read. */
  readonly width: number;
  readonly height: number;
}

export interface Facet {
  readonly value: string | null;
  readonly images: number;
}

export interface Facets {
  readonly labels: readonly Facet[];
  readonly splits: readonly Facet[];
  readonly statuses: readonly Facet[];
  readonly tags: readonly Facet[];
  /** Subfolders with images anywhere below them, at most 500, by path. */
  readonly folders: readonly Facet[];
}

export interface ImageDetails extends GridImage {
  readonly folder: number;
  /** Absolute. */
  readonly file: string;
  readonly size: number;
  readonly modified: number;
  readonly format: string | null;
  readonly split: Split | null;
  readonly hash: string | null;
  readonly tags: readonly string[];
  /** Other images of the folder with the same content. */
  readonly copies: readonly { readonly id: number; readonly path: string }[];
  readonly failure?: { readonly reason: string; readonly message: string };
}

export interface FailureRow {
  /** Of the image; none for a folder that could not be opened. */
  readonly id: number | undefined;
  readonly path: string;
  readonly reason: string;
  readonly message: string;
}

export interface FolderChanges {
  readonly added: number;
  readonly changed: number;
  readonly missing: number;
}

export interface Picture {
  readonly bytes: Uint8Array;
  readonly type: string;
  /** Changes with the content: a picture that is kept elsewhere stays right. */
  readonly tag: string;
}

/** A thumbnail among many; `null` for a file of which there is none. */
export interface GridPicture {
  readonly image: number;
  readonly picture: Pick<Picture, 'bytes' | 'type'> | null;
}

const folder = identity;
const side = v.picklist([64, 128, 256, 512]);

export const libraryChannels = {
  'library.folders': channel<readonly FolderSummary[]>()(nothing),
  /** Adds a folder or brings it up to date. Throws `not-found`, `not-allowed` beyond the roots that may be used. */
  'library.scan': channel<JobStarted & { readonly folder: number }>()(
    v.strictObject({ path, labels: v.optional(labelMode), retry: v.optional(v.boolean()) }),
  ),
  /** Makes the folder of sample pictures and scans it. */
  'library.samples': channel<JobStarted & { readonly path: string }>()(nothing),
  /** Follows a folder that was moved or renamed to `path`: labels, tags and vectors stay. */
  'library.relink': channel<JobStarted>()(v.strictObject({ folder, path })),
  /** Forgets a folder; files, runs and vectors stay. */
  'library.remove': channel<void>()(v.strictObject({ folder })),
  /** What a scan would find, by names, sizes and times only. */
  'library.changes': channel<FolderChanges>()(v.strictObject({ folder })),
  'library.page': channel<{ readonly total: number; readonly rows: readonly GridImage[] }>()(
    v.strictObject({ folder, filter: imageFilter, offset: count(100_000_000), limit: count(1000) }),
  ),
  /** All ids in the grid's order: a selection of everything that is filtered. */
  'library.ids': channel<{ readonly ids: Int32Array }>()(v.strictObject({ folder, filter: imageFilter })),
  /** Where an image stands in the grid, −1 when the filter hides it. */
  'library.position': channel<{ readonly index: number }>()(v.strictObject({ folder, filter: imageFilter, image: identity })),
  'library.facets': channel<Facets>()(v.strictObject({ folder })),
  'library.details': channel<ImageDetails>()(v.strictObject({ image: identity })),
  /** `side`: longer side of a thumbnail, pixels; the picture of a file that cannot be read is `bad-file`. */
  'library.thumbnail': channel<Picture>()(v.strictObject({ image: identity, side })),
  /** Thumbnails of many images, the first ones first, in a few messages as they are drawn; answers after the last. */
  'library.thumbnails': channel<void, readonly GridPicture[]>()(v.strictObject({ images: manyImages(1000), side })),
  /** The whole picture, at most 2,048 px, for the preview. */
  'library.picture': channel<Picture>()(v.strictObject({ image: identity })),
  'library.failures': channel<{ readonly total: number; readonly rows: readonly FailureRow[] }>()(
    v.strictObject({ folder, offset: count(100_000_000), limit: count(1000) }),
  ),
  /** All of them as CSV. */
  'library.failuresFile': channel<{ readonly name: string; readonly bytes: Uint8Array }>()(v.strictObject({ folder })),
  /** Adds or takes a tag. */
  'library.tag': channel<{ readonly images: number }>()(
    v.strictObject({ images: manyImages(1_000_000), name: v.pipe(text(200), v.trim(), v.minLength(1)), on: v.boolean() }),
  ),
} as const;
