// What runs are made of: the usable images of a folder, read again only when the catalogue says that they changed.
import type { EvaluationImage } from '../../evaluation/evaluation-image.ts';
import { atOnce, inPieces } from '../../files/in-pieces.ts';
import { medianSize, requireImages, usableImages } from '../../library/catalogue.ts';
import type { MedianSize, UsableImages } from '../../library/catalogue.ts';
import { folderOf } from '../../library/folders.ts';
import type { LabelMode, Split } from '../../library/labels.ts';
import type { Library } from '../../library/library.ts';

export type SplitImage = Omit<EvaluationImage, 'split'> & { readonly split: Split | undefined };

export interface FolderImages {
  /** Each content once, with labels and splits. */
  readonly all: readonly SplitImage[];
  /** How many of them are learned from: those of neither val nor test. */
  readonly trained: number;
  readonly fingerprint: string;
  /** Where their labels come from; the names of folders when absent. */
  readonly labelsFrom?: 'file';
  readonly size: MedianSize | undefined;
}

interface Known {
  readonly path: string;
  readonly stamp: string;
  readonly images: FolderImages;
}

function describe({ images, fingerprint }: UsableImages, size: MedianSize | undefined, kind: LabelMode['kind']): FolderImages {
  const all = images.map(({ hash, label, split, path }) => ({ hash, path, label: label ?? undefined, split: split ?? undefined }));
  return {
    all,
    trained: all.filter(({ split }) => split !== 'val' && split !== 'test').length,
    fingerprint,
    ...(kind === 'csv' && { labelsFrom: 'file' }),
    size,
  };
}

export class FolderImagesCache {
  readonly #library: Library;
  /** The folder that was asked for last: one of 100,000 images takes some 30 MB. */
  #known: Known | undefined;
  #reading: (Omit<Known, 'images'> & { readonly images: Promise<FolderImages> }) | undefined;

  constructor(library: Library) {
    this.#library = library;
  }

  #state(root: string): Omit<Known, 'images'> & { readonly id: number; readonly kind: LabelMode['kind'] } {
    const { id, path, labels } = folderOf(this.#library, root);
    return { id, path, kind: labels.kind, stamp: `${id} ${labels.kind} ${this.#library.stamps.images(id)}` };
  }

  /** At once where they are known, which they are after `read`. Throws `no-images`, `not-found`. */
  of(root: string): FolderImages {
    const { id, path, kind, stamp } = this.#state(root);
    if (this.#known?.path === path && this.#known.stamp === stamp) return this.#known.images;
    requireImages(this.#library, id);
    const images = describe(atOnce(usableImages(this.#library, id)), medianSize(this.#library, id), kind);
    this.#known = { path, stamp, images };
    return images;
  }

  /** The same, in pieces between which others get their turn. Rejects as `of` throws. */
  async read(root: string): Promise<FolderImages> {
    const { id, path, kind, stamp } = this.#state(root);
    if (this.#known?.path === path && this.#known.stamp === stamp) return this.#known.images;
    if (this.#reading?.path === path && this.#reading.stamp === stamp) return this.#reading.images;
    requireImages(this.#library, id);
    const reading = inPieces(usableImages(this.#library, id)).then((usable) => {
      const images = describe(usable, medianSize(this.#library, id), kind);
      this.#known = { path, stamp, images };
      return images;
    });
    this.#reading = { path, stamp, images: reading };
    try {
      return await reading;
    } finally {
      if (this.#reading?.images === reading) this.#reading = undefined;
    }
  }
}
