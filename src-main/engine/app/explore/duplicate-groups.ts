// The groups of the last question, kept so that a slider that is moved, and a page that is scrolled, are answered at once.
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckedInputOf } from '../../../../shared/contract/channel.ts';
import type { duplicateChannels } from '../../../../shared/contract/contract-duplicates.ts';
import { AppError } from '../../../../shared/errors.ts';
import { inPieces } from '../../../files/in-pieces.ts';
import { folderFiles } from '../../../library/folder-files.ts';
import type { FolderFile } from '../../../library/folder-files.ts';
import { folderOf } from '../../../library/folders.ts';
import type { Studio } from '../../studio.ts';
import { duplicateGroups, summedUp } from '../../vectors/duplicates.ts';
import type { DuplicateGroup, FoundDuplicates } from '../../vectors/duplicates.ts';
import { computeVectors, findEmbeddings } from '../../vectors/embeddings.ts';
import { comparedPictures } from '../../vectors/similar-pictures.ts';
import type { SimilarPictures, VectorsToCompare } from '../../vectors/similar-pictures.ts';

export type Question = Pick<CheckedInputOf<(typeof duplicateChannels)['duplicates.list']>, 'folder' | 'level' | 'similarity'>;

export interface Listed extends FoundDuplicates {
  readonly stamp: string;
  readonly pictures: SimilarPictures | undefined;
}

/** Equal for the same files in the same groups. */
function stampOf(groups: readonly DuplicateGroup[]): string {
  const images = Int32Array.from(groups.flatMap((group) => [-group.length, ...group.map(({ image }) => image)]));
  return createHash('sha256').update(images).digest('hex').slice(0, 32);
}

interface Kept<T> {
  readonly key: string;
  readonly value: T;
}

/** Milliseconds after the last question until the memory is given back: some 100 MB for a hundred thousand images. */
const idleMs = 10 * 60_000;

export class DuplicateGroups {
  readonly #studio: Studio;
  #files: Kept<readonly FolderFile[]> | undefined;
  #pictures: Kept<SimilarPictures> | undefined;
  #listed: Kept<Promise<Listed>> | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  /** Groups as they are now. Rejects with `not-found` without the folder or the vectors. */
  async list({ folder, level, similarity }: Question, vectors: VectorsToCompare | undefined): Promise<Listed> {
    this.#rest();
    const { id } = folderOf(this.#studio.library, folder);
    const images = `${id} ${this.#studio.library.stamps.images(id)}`;
    const pictures = vectors && (await this.#compared(vectors, images));
    const key = JSON.stringify([images, pictures && this.#pictures?.key, level, level === 'similar' && similarity]);
    if (this.#listed?.key === key) return this.#listed.value;
    const value = this.#group(images, id, pictures, { level, similarity });
    this.#listed = { key, value };
    value.catch(() => {
      if (this.#listed?.value === value) this.#listed = undefined;
    });
    return value;
  }

  async #group(images: string, folder: number, pictures: SimilarPictures | undefined, rules: Omit<Question, 'folder'>): Promise<Listed> {
    if (this.#files?.key !== images) {
      const files = await inPieces(folderFiles(this.#studio.library, folder));
      this.#files = { key: images, value: files };
    }
    const groups = await inPieces(duplicateGroups(this.#files.value, pictures, rules));
    return { stamp: stampOf(groups), ...summedUp(groups), pictures };
  }

  /** What was compared of these images, read from the disk once. */
  async #compared(vectors: VectorsToCompare, images: string): Promise<SimilarPictures | undefined> {
    const { checkpoint, layer, space } = vectors;
    const folder = await findEmbeddings(this.#studio.home, checkpoint, layer);
    const stats = folder === undefined ? undefined : statSync(join(folder, 'committed.json'), { throwIfNoEntry: false });
    if (!stats) throw new AppError('not-found', 'This folder has no vectors of this checkpoint yet.', computeVectors);
    const key = JSON.stringify([images, folder, stats.mtimeMs, stats.size, space]);
    if (this.#pictures?.key === key) return this.#pictures.value;
    const value = await comparedPictures(this.#studio, vectors);
    if (value) this.#pictures = { key, value };
    return value;
  }

  /** What was compared may be another now. */
  forget(): void {
    this.#pictures = undefined;
    this.#listed = undefined;
  }

  #rest(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      this.forget();
      this.#files = undefined;
    }, idleMs).unref();
  }
}
