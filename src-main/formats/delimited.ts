// Vectors as text: CSV for spreadsheets and pandas, and the two tables of the TensorFlow Projector.
import { AsideFile, writeFileAside } from '../files/write-aside.ts';
import { floatText, projectionColumns } from './vector-sink.ts';
import type { ExportedImage, VectorSink } from './vector-sink.ts';

/** Numbers of one image, row `row` of [·, dimension]. */
const numbers = (vectors: Float32Array, row: number, dimension: number): string[] =>
  Array.from(vectors.subarray(row * dimension, (row + 1) * dimension), floatText);

const quoted = (field: string): string => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);
/** Tabs and line ends would end a field; the Projector knows no quotes. */
const flat = (field: string): string => field.replaceAll(/[\t\r\n]+/g, ' ');

/** RFC 4180 with a header: id, file_name, filepath, label, split, where there is a map projection_x, projection_y, and e0 … e(dimension − 1). */
export function csvSink(path: string, dimension: number, places = false): VectorSink {
  const file = new AsideFile(path);
  const columns = Array.from({ length: dimension }, (_, i) => `e${i}`);
  const before = ['id', 'file_name', 'filepath', 'label', 'split', ...(places ? projectionColumns : [])];
  file.write(Buffer.from(`${[...before, ...columns].join(',')}\r\n`));
  const placed = ({ place }: ExportedImage): string[] =>
    places ? projectionColumns.map((_, axis) => (place ? floatText(place[axis]!) : '')) : [];
  const line = (image: ExportedImage, values: readonly string[]): string => {
    const { id, name, path: filepath, label, split } = image;
    return `${[String(id), quoted(name), quoted(filepath), quoted(label ?? ''), split ?? '', ...placed(image), ...values].join(',')}\r\n`;
  };
  return {
    write: (images, vectors) => file.write(Buffer.from(images.map((image, row) => line(image, numbers(vectors, row, dimension))).join(''))),
    finish: () => file.keep(),
    discard: () => file.discard(),
  };
}

export interface ProjectorFiles {
  readonly tensors: string;
  readonly metadata: string;
  readonly config: string;
}

export interface ProjectorOptions {
  readonly rows: number;
  readonly dimension: number;
  /** Columns beside the path; without any the metadata has no header, as the Projector expects. */
  readonly columns: readonly ('label' | 'split')[];
  /** Name of a sheet of thumbnails beside the config, and the side of each, pixels. */
  readonly sprite?: { readonly name: string; readonly side: number };
}

function openedBeside(other: AsideFile, path: string): AsideFile {
  try {
    return new AsideFile(path);
  } catch (error) {
    other.discard();
    throw error;
  }
}

/** `tensors.tsv`, `metadata.tsv` and the config that names them; the files stand in one folder. */
export function projectorSink(files: ProjectorFiles, { rows, dimension, columns, sprite }: ProjectorOptions): VectorSink {
  const metadata = new AsideFile(files.metadata);
  if (columns.length > 0) metadata.write(Buffer.from(`${['filepath', ...columns].join('\t')}\n`));
  const tensors = openedBeside(metadata, files.tensors);
  const embedding = {
    tensorName: 'embedding',
    tensorShape: [rows, dimension],
    tensorPath: 'tensors.tsv',
    metadataPath: 'metadata.tsv',
    ...(sprite && { sprite: { imagePath: sprite.name, singleImageDim: [sprite.side, sprite.side] } }),
  };
  return {
    write: (images, vectors) => {
      tensors.write(Buffer.from(images.map((_, row) => `${numbers(vectors, row, dimension).join('\t')}\n`).join('')));
      const fields = (image: ExportedImage): string[] => [image.path, ...columns.map((column) => image[column] ?? '')];
      metadata.write(Buffer.from(images.map((image) => `${fields(image).map(flat).join('\t')}\n`).join('')));
    },
    finish: () => {
      tensors.keep();
      metadata.keep();
      writeFileAside(files.config, `${JSON.stringify({ embeddings: [embedding] }, null, 2)}\n`);
    },
    discard: () => {
      tensors.discard();
      metadata.discard();
    },
  };
}
