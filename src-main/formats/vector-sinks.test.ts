// Every format read back: by a reader of its own, or by hyparquet.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { csvSink, projectorSink } from './delimited.ts';
import { npySink } from './npy.ts';
import { parquetSink } from './parquet.ts';
import { floatText } from './vector-sink.ts';
import type { ExportedImage, VectorSink } from './vector-sink.ts';

const dimension = 5;
const images: readonly ExportedImage[] = Array.from({ length: 7 }, (_, id) => ({
  id,
  name: id === 3 ? 'a "quoted", tab\tand\nline.png' : `Bild ${id} ü.png`,
  path: `/data/${id === 3 ? 'a "quoted", tab\tand\nline.png' : `Bild ${id} ü.png`}`,
  label: id % 3 === 0 ? undefined : `class ${id % 3}`,
  split: id < 4 ? 'train' : undefined,
  neighbours: { ids: [(id + 1) % 7, (id + 2) % 7], distances: [0.125, 0.5] },
}));
const random = new Random(6, 'test');
const vectors = Float32Array.from({ length: 7 * dimension }, () => random.normal() * 10 ** random.between(-12, 12));
vectors.set([0, -0, 3.4028234663852886e38, 1.401298464324817e-45, 1 / 3]);
/** All but the second and the last one. */
const onMap: readonly ExportedImage[] = images.map((image) => ({
  ...image,
  place: image.id === 1 || image.id === 6 ? undefined : [image.id / 7 - 0.5, image.id === 0 ? 0 : -1 / image.id],
}));
const row = (id: number): number[] => [...vectors.subarray(id * dimension, (id + 1) * dimension)];

let root: string;
let folder: string;
let cases = 0;
beforeAll(() => void (root = mkdtempSync(join(tmpdir(), 'vector-sinks-'))));
beforeEach(() => mkdirSync((folder = join(root, String(cases++)))));
afterAll(() => rmSync(root, { recursive: true }));

/** Blocks of unequal length, as a store gives them; the lent array is used again. */
function fill(sink: VectorSink, of: readonly ExportedImage[] = images): void {
  const lent = new Float32Array(3 * dimension);
  for (const [from, to] of [
    [0, 3],
    [3, 4],
    [4, 4],
    [4, 7],
  ] as const) {
    lent.set(vectors.subarray(from * dimension, to * dimension));
    sink.write(of.slice(from, to), lent.subarray(0, (to - from) * dimension));
  }
  lent.fill(9);
  sink.finish();
}

describe('a .npy file', () => {
  it('holds the bits, C-order, behind a header that NumPy prescribes', () => {
    const path = join(folder, 'v.npy');
    fill(npySink(path, 7, dimension));
    const bytes = readFileSync(path);
    expect(bytes.toString('latin1', 0, 8)).toBe('\x93NUMPY\x01\x00');
    const end = 10 + bytes.readUInt16LE(8);
    expect(end % 64).toBe(0);
    expect(bytes.toString('latin1', 10, end)).toMatch(/^\{'descr': '<f4', 'fortran_order': False, 'shape': \(7, 5\), \} *\n$/);
    expect(bytes.subarray(end).equals(Buffer.from(vectors.buffer))).toBe(true);
  });
});

describe('a Parquet file', () => {
  const options = { dimension, vectorColumn: 'embedding', neighbours: true, metadata: { run: 'r-1' } } as const;
  const columns = ['id', 'file_name', 'filepath', 'embedding', 'label', 'split'];
  const read = async (path: string): Promise<Record<string, unknown>[]> => parquetReadObjects({ file: await asyncBufferFromFile(path) });

  it('has the columns that other programs look for', async () => {
    const path = join(folder, 'v.parquet');
    fill(parquetSink(path, options));
    const rows = await read(path);
    expect(rows).toEqual(
      images.map(({ id, name, path: filepath, label, split, neighbours }) => ({
        id,
        file_name: name,
        filepath,
        embedding: row(id),
        label: label ?? null,
        split: split ?? null,
        neighbors: neighbours,
      })),
    );
    const metadata = await parquetMetadataAsync(await asyncBufferFromFile(path));
    expect(metadata.key_value_metadata).toContainEqual({ key: 'run', value: 'r-1' });
    // Readers find a column's values by its place: chunks come in the order of the schema.
    expect(metadata.row_groups[0]!.columns.map((chunk) => chunk.meta_data!.path_in_schema.join('.'))).toEqual([
      'id',
      'file_name',
      'filepath',
      'embedding.list.element',
      'label',
      'split',
      'neighbors.ids.list.element',
      'neighbors.distances.list.element',
    ]);
  });

  it('has the vectors under another name, or no vectors, or no neighbours', async () => {
    const renamed = join(folder, 'a.parquet');
    fill(parquetSink(renamed, { ...options, vectorColumn: 'vector', neighbours: false }));
    expect((await read(renamed))[6]).toEqual({
      id: 6,
      file_name: images[6]!.name,
      filepath: images[6]!.path,
      vector: row(6),
      label: null,
      split: null,
    });
    const paths = join(folder, 'b.parquet');
    fill(parquetSink(paths, { ...options, vectorColumn: undefined, neighbours: false }));
    expect(Object.keys((await read(paths))[0]!)).toEqual(['id', 'file_name', 'filepath', 'label', 'split']);
  });

  it('has the places of a map where there is one, and none for images that are not on it', async () => {
    const path = join(folder, 'places.parquet');
    fill(parquetSink(path, { ...options, places: true }), onMap);
    const rows = await read(path);
    expect(Object.keys(rows[0]!)).toEqual([...columns.slice(0, 6), 'projection_x', 'projection_y', 'neighbors']);
    expect(rows.map((one) => [one['projection_x'], one['projection_y']])).toEqual(
      onMap.map(({ place }) => place?.map(Math.fround) ?? [null, null]),
    );
    // What stands before and behind them is where it was.
    expect(rows.map((one) => one['embedding'])).toEqual(images.map(({ id }) => row(id)));
    expect(rows.map((one) => one['neighbors'])).toEqual(images.map(({ neighbours }) => neighbours));
    const { schema } = await parquetMetadataAsync(await asyncBufferFromFile(path));
    for (const name of ['projection_x', 'projection_y'])
      expect(schema.find((element) => element.name === name)).toMatchObject({ type: 'FLOAT', repetition_type: 'OPTIONAL' });
    // Beside a .npy, and where no image of a group is on the map.
    const paths = join(folder, 'placed-paths.parquet');
    fill(parquetSink(paths, { ...options, vectorColumn: undefined, neighbours: false, places: true }));
    expect((await read(paths)).map((one) => [one['split'] ?? '', one['projection_x'], one['projection_y']])).toEqual(
      images.map(({ split }) => [split ?? '', null, null]),
    );
  });

  it('is written in groups, so that memory does not grow with it', async () => {
    const path = join(folder, 'wide.parquet');
    const wide = 1 << 19;
    const sink = parquetSink(path, { dimension: wide, vectorColumn: 'v', neighbours: false, metadata: {} });
    const values = new Float32Array(wide).fill(0.5);
    for (const image of images.slice(0, 3)) sink.write([image], values);
    sink.finish();
    const metadata = await parquetMetadataAsync(await asyncBufferFromFile(path));
    expect(metadata.row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([2, 1]);
  });
});

describe('text', () => {
  it('holds floats that read back as the same float32', () => {
    for (const value of vectors) expect(Math.fround(Number(floatText(value)))).toBe(value === 0 ? 0 : value);
    expect([0.1, 3, -2, 1e-7, 16777216].map((value) => floatText(Math.fround(value)))).toEqual([
      '0.100000001',
      '3',
      '-2',
      '1.00000001e-7',
      '16777216',
    ]);
  });

  it('is CSV with quotes where they are needed', () => {
    const path = join(folder, 'v.csv');
    fill(csvSink(path, dimension));
    const text = readFileSync(path, 'utf8');
    expect(text.startsWith('id,file_name,filepath,label,split,e0,e1,e2,e3,e4\r\n')).toBe(true);
    expect(text).toContain('\r\n3,"a ""quoted"", tab\tand\nline.png","/data/a ""quoted"", tab\tand\nline.png",,train,');
    const last = text.trimEnd().split('\r\n').at(-1)!.split(',');
    expect(last.slice(0, 5)).toEqual(['6', 'Bild 6 ü.png', '/data/Bild 6 ü.png', '', '']);
    expect(last.slice(5).map((value) => Math.fround(Number(value)))).toEqual(row(6));
  });
});

describe('CSV with the places of a map', () => {
  it('has them behind the split, and nothing for images that are not on it', () => {
    const path = join(folder, 'v.csv');
    fill(csvSink(path, dimension, true), onMap);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\r\n');
    expect(lines[0]).toBe('id,file_name,filepath,label,split,projection_x,projection_y,e0,e1,e2,e3,e4');
    // The name of the fourth has a comma.
    const places = [0, 1, 2, 4, 5, 6].map((id) => lines[1 + id]!.split(',').slice(5, 7));
    expect(places.map((place) => place.map((text) => (text === '' ? undefined : Math.fround(Number(text)))))).toEqual(
      [0, 1, 2, 4, 5, 6].map((id) => onMap[id]!.place?.map(Math.fround) ?? [undefined, undefined]),
    );
    const last = lines.at(-1)!.split(',').slice(7);
    expect(last.map((value) => Math.fround(Number(value)))).toEqual(row(6));
  });
});

describe('the files of the TensorFlow Projector', () => {
  const files = (): { tensors: string; metadata: string; config: string } => ({
    tensors: join(folder, 'tensors.tsv'),
    metadata: join(folder, 'metadata.tsv'),
    config: join(folder, 'projector_config.json'),
  });
  const lines = (path: string): string[] => readFileSync(path, 'utf8').split('\n');

  it('have a header for the metadata alone, and one line for each image', () => {
    const { tensors, metadata, config } = files();
    fill(projectorSink(files(), { rows: 7, dimension, columns: ['label'], sprite: { name: 'sprite.png', side: 48 } }));
    expect(lines(metadata)).toHaveLength(1 + 7 + 1);
    expect(lines(metadata).slice(0, 2)).toEqual(['filepath\tlabel', '/data/Bild 0 ü.png\t']);
    expect(lines(metadata)[4]).toBe('/data/a "quoted", tab and line.png\t');
    expect(
      lines(tensors)
        .slice(0, -1)
        .map((line) => line.split('\t').map((value) => Math.fround(Number(value)))),
    ).toEqual(images.map(({ id }) => row(id).map((value) => (value === 0 ? 0 : value))));
    expect(JSON.parse(readFileSync(config, 'utf8'))).toEqual({
      embeddings: [
        {
          tensorName: 'embedding',
          tensorShape: [7, 5],
          tensorPath: 'tensors.tsv',
          metadataPath: 'metadata.tsv',
          sprite: { imagePath: 'sprite.png', singleImageDim: [48, 48] },
        },
      ],
    });
  });

  it('have no header when the metadata is one column', () => {
    fill(projectorSink(files(), { rows: 7, dimension, columns: [] }));
    expect(lines(files().metadata)[0]).toBe('/data/Bild 0 ü.png');
    expect(readFileSync(files().config, 'utf8')).not.toContain('sprite');
  });
});

describe('an export that fails', () => {
  it('leaves nothing behind', () => {
    const sinks = [
      npySink(join(folder, 'v.npy'), 7, dimension),
      csvSink(join(folder, 'v.csv'), dimension),
      parquetSink(join(folder, 'v.parquet'), { dimension, vectorColumn: 'v', neighbours: false, metadata: {} }),
      projectorSink(
        { tensors: join(folder, 't'), metadata: join(folder, 'm'), config: join(folder, 'c') },
        { rows: 7, dimension, columns: [] },
      ),
    ];
    for (const sink of sinks) {
      sink.write(images, vectors);
      sink.discard();
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leaves nothing behind either when one of two files cannot be made', () => {
    const files = { tensors: join(folder, 'gone', 't'), metadata: join(folder, 'm'), config: join(folder, 'c') };
    expect(() => projectorSink(files, { rows: 7, dimension, columns: ['label'] })).toThrow('ENOENT');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes nothing back that is finished', () => {
    const sink = npySink(join(folder, 'v.npy'), 7, dimension);
    fill(sink);
    sink.discard();
    expect(existsSync(join(folder, 'v.npy'))).toBe(true);
  });
});
