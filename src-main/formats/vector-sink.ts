// Where exported vectors go. All formats are fed from one pass over the vectors, a block at a time, so that a library of any size
// needs the memory of one block.

export interface ExportedImage {
  /** Row in every file of the bundle, from 0. */
  readonly id: number;
  /** Absolute path. */
  readonly path: string;
  readonly name: string;
  readonly label: string | undefined;
  readonly split: string | undefined;
  /** Where it lies on a map of the images, in a square from −1 to 1; none of those that are not on it. */
  readonly place?: readonly [x: number, y: number] | undefined;
  /** Rows of the most similar images, the nearest first, and 1 − cosine to them. */
  readonly neighbours?: { readonly ids: readonly number[]; readonly distances: readonly number[] };
}

/** Names of the columns of places, as Embedding Atlas looks for them. */
export const projectionColumns = ['projection_x', 'projection_y'] as const;

export interface VectorSink {
  /** Takes the next images and their vectors [images.length, dimension], which are only lent. */
  write(images: readonly ExportedImage[], vectors: Float32Array): void;
  /** Gives the files their names. */
  finish(): void;
  /** Removes what was written; nothing happens after `finish`. */
  discard(): void;
}

/** Nine significant digits, which give the same float32 again. Looking for fewer would take three times as long. */
export const floatText = (value: number): string =>
  Number.isInteger(value) && Math.abs(value) < 1e9 ? String(value) : value.toPrecision(9);
