// Parquet as Embedding Atlas, Hugging Face datasets, DuckDB and LanceDB read it: one row per image, the vector as list<float>.
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { ColumnSource, SchemaElement } from 'hyparquet-writer';
import { AsideFile } from '../files/write-aside.ts';
import { appendVectors } from './parquet-vectors.ts';
import { projectionColumns } from './vector-sink.ts';
import type { ExportedImage, VectorSink } from './vector-sink.ts';

export interface ParquetOptions {
  readonly dimension: number;
  /** Name of the vectors' column; undefined leaves the vectors out. */
  readonly vectorColumn: string | undefined;
  /** Whether every image comes with its neighbours. */
  readonly neighbours: boolean;
  /** Whether there is a map, on which most images have a place. */
  readonly places?: boolean;
  /** Written into the file's own metadata. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Values of a row group: large enough for readers, small enough for memory. */
const valuesPerGroup = 1 << 20;
const mostRowsPerGroup = 100_000;
/** `id`, `file_name`, `filepath`. */
const columnsBeforeVectors = 3;

const text = (name: string, repetition: 'REQUIRED' | 'OPTIONAL'): SchemaElement => ({
  name,
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  logical_type: { type: 'STRING' },
  repetition_type: repetition,
});

const place = (name: string): SchemaElement => ({ name, type: 'FLOAT', repetition_type: 'OPTIONAL' });

/** The three levels that the format prescribes for a list. */
const list = (name: string, type: 'FLOAT' | 'INT32'): SchemaElement[] => [
  { name, repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', type, repetition_type: 'REQUIRED' },
];

function schemaOf({ vectorColumn, neighbours, places = false }: ParquetOptions): SchemaElement[] {
  const columns = 5 + Number(vectorColumn !== undefined) + 2 * Number(places) + Number(neighbours);
  return [
    { name: 'root', num_children: columns },
    { name: 'id', type: 'INT32', repetition_type: 'REQUIRED' },
    text('file_name', 'REQUIRED'),
    text('filepath', 'REQUIRED'),
    ...(vectorColumn === undefined ? [] : list(vectorColumn, 'FLOAT')),
    text('label', 'OPTIONAL'),
    text('split', 'OPTIONAL'),
    ...(places ? projectionColumns.map(place) : []),
    ...(neighbours
      ? [
          { name: 'neighbors', repetition_type: 'REQUIRED', num_children: 2 } as const,
          ...list('ids', 'INT32'),
          ...list('distances', 'FLOAT'),
        ]
      : []),
  ];
}

/** Reserved by the schema, so that a vector column cannot take them. */
export const parquetColumns = ['id', 'file_name', 'filepath', 'label', 'split', ...projectionColumns, 'neighbors'] as const;

/** Images and vectors as Parquet, a row group at a time. */
export function parquetSink(path: string, options: ParquetOptions): VectorSink {
  const { dimension, vectorColumn, neighbours, places = false, metadata } = options;
  const file = new AsideFile(path);
  const buffer = new ByteWriter();
  const flush = (): void => {
    file.write(buffer.getBytes());
    buffer.index = 0;
  };
  const writer = new ParquetWriter({
    writer: buffer,
    schema: schemaOf(options),
    kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    createdBy: 'ijepa-studio',
  });
  const width = vectorColumn === undefined ? 0 : dimension;
  const perGroup = Math.min(mostRowsPerGroup, Math.max(1, Math.floor(valuesPerGroup / Math.max(1, width))));
  let images: ExportedImage[] = [];
  const vectors = new Float32Array(perGroup * width);

  const writeGroup = (): void => {
    if (images.length === 0) return;
    const column = <T>(name: string, of: (image: ExportedImage) => T): ColumnSource => ({ name, data: images.map(of) });
    const columnData = [
      column('id', ({ id }) => id),
      column('file_name', ({ name }) => name),
      column('filepath', (image) => image.path),
      column('label', ({ label }) => label ?? null),
      column('split', ({ split }) => split ?? null),
      ...(places ? projectionColumns.map((name, axis) => column(name, (image) => image.place?.[axis] ?? null)) : []),
      ...(neighbours ? [{ ...column('neighbors', (image) => image.neighbours!), statistics: false }] : []),
    ];
    if (writer.write({ columnData, rowGroupSize: images.length })) throw new TypeError('the Parquet writer was expected to write at once');
    if (vectorColumn !== undefined) {
      const chunk = appendVectors(buffer, vectorColumn, vectors.subarray(0, images.length * width), width);
      const group = writer.row_groups.at(-1)!;
      group.columns.splice(columnsBeforeVectors, 0, chunk);
      group.total_byte_size += chunk.meta_data!.total_uncompressed_size;
      group.total_compressed_size = (group.total_compressed_size ?? 0n) + chunk.meta_data!.total_compressed_size;
    }
    flush();
    images = [];
  };

  return {
    write: (more, values) =>
      more.forEach((image, row) => {
        if (width > 0) vectors.set(values.subarray(row * width, (row + 1) * width), images.length * width);
        images.push(image);
        if (images.length === perGroup) writeGroup();
      }),
    finish: () => {
      writeGroup();
      if (writer.finish()) throw new TypeError('the Parquet writer was expected to finish at once');
      flush();
      file.keep();
    },
    discard: () => file.discard(),
  };
}
