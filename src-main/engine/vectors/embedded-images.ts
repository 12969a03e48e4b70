// The images of a folder that have a vector, found while others are answered: a large folder takes a tenth of a second.
import type { Pieces } from '../../files/in-pieces.ts';
import type { EmbeddingStore } from '../../retrieval/embedding-store.ts';

/** Images gone through before others may get their turn: about a millisecond. */
export const pieceImages = 1000;

export interface RowsOfImages<T> {
  /** Rows of the store, in the order of the images. */
  readonly rows: Uint32Array<ArrayBuffer>;
  readonly imageOf: ReadonlyMap<number, T>;
}

/** Those of different contents that a store has. */
export function* rowsOfImages<T extends { readonly hash: string }>(
  images: readonly T[],
  store: Pick<EmbeddingStore, 'rowOf'>,
): Pieces<RowsOfImages<T>> {
  const imageOf = new Map<number, T>();
  const rows = new Uint32Array(images.length);
  for (const [i, image] of images.entries()) {
    if (i % pieceImages === 0) yield;
    const row = store.rowOf(image.hash);
    if (row === undefined) continue;
    rows[imageOf.size] = row;
    imageOf.set(row, image);
  }
  return { rows: rows.slice(0, imageOf.size), imageOf };
}
