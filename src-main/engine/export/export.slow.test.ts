// From foreign weights to files of other programs and back, on real images, through the real processes.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preprocessingOf } from '../../../shared/config/preprocessing.ts';
import { Random } from '../../../shared/random.ts';
import type { EvaluationImage } from '../../evaluation/evaluation-image.ts';
import type { SpaceKind } from '../../evaluation/spaces.ts';
import { noSmallDisk, smallDisk } from '../../files/testing/small-disk.ts';
import { cachedShortSide } from '../../images/cache-space.ts';
import { fixturesFolder, readJson, relativeError } from '../../jepa/testing/reference-values.ts';
import { loadTargetEncoder } from '../../training/run-folder/checkpoint.ts';
import { scanFolder } from '../folders/scan-folder.ts';
import { importWeights } from '../runs/import-weights.ts';
import type { Imported } from '../runs/import-weights.ts';
import { checkpointOf } from '../runs/runs.ts';
import { Studio } from '../studio.ts';
import { embedFolder, openEmbeddings } from '../vectors/embeddings.ts';
import { folderMap, wholeMap } from '../vectors/folder-map.ts';
import type { MapSetup } from '../vectors/folder-map.ts';
import { drawForExport } from './export-places.ts';
import { exportBundle, exportFormats } from './export.ts';
import type { ExportFormat, ExportOptions } from './export.ts';

const kinds = ['train/cats', 'train/dogs', 'test/cats', 'test/dogs'];
const perKind = 4;
const images = kinds.length * perKind;

let root: string;
let pictures: string;
let studio: Studio;
let imported: Imported;
let checkpoint: string;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'export-'));
  pictures = join(root, 'pictures');
  for (const [k, kind] of kinds.entries()) {
    mkdirSync(join(pictures, kind), { recursive: true });
    for (let i = 0; i < perKind; i++) {
      const random = new Random(1, 'test', k, i);
      const pixels = Uint8Array.from({ length: 8 * 8 * 3 }, () => random.integer(256));
      await sharp(pixels, { raw: { width: 8, height: 8, channels: 3 } })
        .resize(64, 40, { fit: 'fill' })
        .png()
        .toFile(join(pictures, kind, `picture ${i}.png`));
    }
  }
  copyFileSync(join(pictures, kinds[0]!, 'picture 0.png'), join(pictures, kinds[0]!, 'picture 0 (copy).png'));
  studio = new Studio({ home: join(root, 'home') });
  const { heads } = readJson<{ heads: number }>('step.json');
  imported = importWeights(studio.home, join(fixturesFolder, 'authors-checkpoint.pth.tar'), { heads });
  checkpoint = checkpointOf(imported.run);
  await embed(imported);
});
afterAll(async () => {
  await studio.dispose();
  rmSync(root, { recursive: true });
});

async function embed({ config, run }: Imported): Promise<void> {
  const shortSide = cachedShortSide(config.imageSize);
  for await (const event of scanFolder(studio, pictures, { settings: preprocessingOf(config), shortSide }))
    if ('counts' in event) expect(event.counts.failed).toBe(0);
  await embedFolder(studio, { checkpoint: checkpointOf(run), root: pictures, layer: 'last', threads: 1 }, () => {});
}

const optionsOf = (target: string, formats: readonly ExportFormat[], more: Partial<ExportOptions> = {}): ExportOptions => ({
  checkpoint,
  root: pictures,
  target: join(root, target),
  formats,
  layer: 'last',
  space: 'raw',
  vectorColumn: 'embedding',
  neighbours: 0,
  ...more,
});

function readNpy(path: string): { shape: number[]; values: Float32Array } {
  const bytes = readFileSync(path);
  const end = 10 + bytes.readUInt16LE(8);
  const shape = /'shape': \((\d+), (\d+)\)/
    .exec(bytes.toString('latin1', 10, end))!
    .slice(1)
    .map(Number);
  return { shape, values: new Float32Array(Uint8Array.from(bytes.subarray(end)).buffer) };
}

const readParquet = async (path: string): Promise<Record<string, unknown>[]> =>
  parquetReadObjects({ file: await asyncBufferFromFile(path) });
const manifestOf = (target: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(root, target, 'manifest.json'), 'utf8')) as Record<string, unknown>;

/** The stored vectors of images, side by side. */
async function stored(run: string, of: readonly EvaluationImage[]): Promise<Float32Array> {
  const store = await openEmbeddings(studio, checkpointOf(run), 'last');
  const vectors = await store.read(of.map(({ hash }) => store.rowOf(hash)!));
  await store.dispose();
  return vectors;
}

describe('imported weights', () => {
  it('say what they are', () => {
    expect(imported.notes.join(' ')).toMatch(/target encoder embeds.*ImageNet/);
    expect(loadTargetEncoder(checkpoint).header).toMatchObject({ step: 0, run: imported.name });
  });

  it('may not take the name of another run, and leave nothing behind when they are refused', () => {
    const path = join(fixturesFolder, 'huggingface');
    expect(() => importWeights(studio.home, path, { name: imported.name })).toThrow('There is a run');
    expect(() => importWeights(studio.home, pictures, { name: 'none' })).toThrow('is no Hugging Face folder');
    expect(existsSync(join(studio.home.runs, 'none'))).toBe(false);
  });
});

describe('an export among the images', () => {
  it('is refused before anything is made: the next scan would take its pictures for theirs', async () => {
    const options = optionsOf('pictures/train/vectors', ['projector']);
    await expect(exportBundle(studio, options)).rejects.toMatchObject({
      code: 'bad-input',
      message: `${options.target} lies in ${pictures}, among the images: nothing is ever written there.`,
    });
    expect(existsSync(options.target)).toBe(false);
  });
});

describe('an export of everything', () => {
  beforeAll(async () => void (await exportBundle(studio, optionsOf('all', exportFormats, { neighbours: 3, vectorColumn: 'vector' }))));

  it('describes itself and its files', async () => {
    const manifest = manifestOf('all');
    const store = await openEmbeddings(studio, checkpoint, 'last');
    expect(manifest).toMatchObject({
      complete: true,
      modelHash: store.manifest.weightsHash,
      run: imported.name,
      step: 0,
      layer: 'last',
      space: 'raw',
      N: images,
      D: imported.config.width,
      preprocessing: preprocessingOf(imported.config),
    });
    await store.dispose();
    const files = manifest['files'] as { path: string; bytes: number; sha256: string }[];
    const found = readdirSync(join(root, 'all'), { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    expect(files).toHaveLength(found.length - 1);
    for (const { path, bytes, sha256 } of files) {
      const content = readFileSync(join(root, 'all', path));
      expect([content.length, createHash('sha256').update(content).digest('hex')]).toEqual([bytes, sha256]);
    }
  });

  it('has the same vectors in the same order everywhere, each with its image', async () => {
    const { shape, values } = readNpy(join(root, 'all', 'vectors.npy'));
    expect(shape).toEqual([images, imported.config.width]);
    const rows = await readParquet(join(root, 'all', 'embeddings.parquet'));
    expect(Float32Array.from(rows.flatMap((row) => row['vector'] as number[]))).toEqual(values);
    const paths = await readParquet(join(root, 'all', 'paths.parquet'));
    expect(paths.map((row) => row['filepath'])).toEqual(rows.map((row) => row['filepath']));
    expect(rows.map(({ split, label }) => `${String(split)}/${String(label)}`).toSorted()).toEqual(
      kinds.flatMap((kind) => Array<string>(perKind).fill(kind)).toSorted(),
    );
    const byPath = new Map(studio.images(pictures).map((image) => [image.path, image]));
    const inOrder = rows.map((row) => byPath.get(row['filepath'] as string)!);
    expect(await stored(imported.run, inOrder)).toEqual(values);
    const csv = readFileSync(join(root, 'all', 'embeddings.csv'), 'utf8')
      .trimEnd()
      .split('\r\n')
      .slice(1);
    expect(Float32Array.from(csv.flatMap((line) => line.split(',').slice(5).map(Number)))).toEqual(values);
    const tensors = readFileSync(join(root, 'all', 'projector', 'tensors.tsv'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(Float32Array.from(tensors.flatMap((line) => line.split('\t').map(Number)))).toEqual(values);
  });

  it('has the nearest neighbours by cosine, without the image itself', async () => {
    const { values } = readNpy(join(root, 'all', 'vectors.npy'));
    const rows = await readParquet(join(root, 'all', 'embeddings.parquet'));
    const width = imported.config.width;
    const vector = (i: number): Float32Array => values.subarray(i * width, (i + 1) * width);
    const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
    const distance = (i: number, j: number): number =>
      1 - dot(vector(i), vector(j)) / Math.sqrt(dot(vector(i), vector(i)) * dot(vector(j), vector(j)));
    rows.forEach((row, i) => {
      const { ids, distances } = row['neighbors'] as { ids: number[]; distances: number[] };
      const expected = rows
        .map((_, j) => j)
        .filter((j) => j !== i)
        .toSorted((a, b) => distance(i, a) - distance(i, b));
      expect(ids).toEqual(expected.slice(0, 3));
      ids.forEach((id, place) => expect(distances[place]).toBeCloseTo(distance(i, id), 5));
    });
  });

  it('has a thumbnail of every image, in the same order', async () => {
    const sprite = join(root, 'all', 'projector', 'sprite.png');
    const { width, height } = await sharp(sprite).metadata();
    const [side] = (
      JSON.parse(readFileSync(join(root, 'all', 'projector', 'projector_config.json'), 'utf8')) as {
        embeddings: [{ sprite: { singleImageDim: [number, number] } }];
      }
    ).embeddings[0].sprite.singleImageDim;
    const columns = Math.ceil(Math.sqrt(images));
    expect([width, height]).toEqual([columns * side, Math.ceil(images / columns) * side]);
    const paths = await readParquet(join(root, 'all', 'paths.parquet'));
    for (const i of [0, 7, images - 1]) {
      const left = (i % columns) * side;
      const top = Math.floor(i / columns) * side;
      const thumbnail = await sharp(sprite).extract({ left, top, width: side, height: side }).removeAlpha().raw().toBuffer();
      const expected = await sharp(paths[i]!['filepath'] as string)
        .resize(side, side, { fit: 'cover' })
        .removeAlpha()
        .raw()
        .toBuffer();
      const difference = expected.reduce((sum, value, at) => sum + Math.abs(value - thumbnail[at]!), 0) / expected.length;
      expect(difference, String(i)).toBeLessThan(8);
    }
  });

  it('has weights that come back as a run with the same embeddings', async () => {
    for (const [name, path] of Object.entries({ folder: 'huggingface', file: 'model.safetensors' })) {
      const again = importWeights(studio.home, join(root, 'all', path), { name });
      expect(again.encoder).toBe('target');
      expect(loadTargetEncoder(checkpointOf(again.run)).weights).toEqual(loadTargetEncoder(checkpoint).weights);
      expect(preprocessingOf(again.config)).toEqual(preprocessingOf(imported.config));
      await embed(again);
      expect(
        relativeError(await stored(again.run, studio.images(pictures)), await stored(imported.run, studio.images(pictures))),
      ).toBeLessThan(1e-6);
    }
  });
});

describe('an export', () => {
  it('in another space says so, has its vectors and how to place others, and replaces the one before', async () => {
    await exportBundle(studio, optionsOf('spaces', ['npy', 'csv']));
    const raw = readNpy(join(root, 'spaces', 'vectors.npy')).values;
    await exportBundle(studio, optionsOf('spaces', ['npy'], { space: 'centred' }));
    expect(readdirSync(join(root, 'spaces')).toSorted()).toEqual(['manifest.json', 'paths.parquet', 'space.safetensors', 'vectors.npy']);
    expect(manifestOf('spaces')).toMatchObject({ space: 'centred', spaceFittedOn: images });
    const { values } = readNpy(join(root, 'spaces', 'vectors.npy'));
    const width = imported.config.width;
    for (let k = 0; k < width; k++) {
      const column = (of: Float32Array): number[] => Array.from({ length: images }, (_, i) => of[i * width + k]!);
      const mean = column(raw).reduce((a, b) => a + b) / images;
      column(values).forEach((value, i) => expect(value).toBeCloseTo(column(raw)[i]! - mean, 5));
    }
    await exportBundle(studio, optionsOf('spaces', ['npy'], { space: 'whitened' }));
    const whitened = readNpy(join(root, 'spaces', 'vectors.npy'));
    expect(manifestOf('spaces')['D']).toBe(whitened.shape[1]);
    expect(whitened.shape[1]).toBeLessThan(images);
  });

  it('goes beside an earlier one of the same weights and vectors, and says when it takes the place of others', async () => {
    await exportBundle(studio, optionsOf('beside', ['csv']));
    expect((await exportBundle(studio, optionsOf('beside', ['npy']))).replaced).toBeUndefined();
    const { files, replaced } = await exportBundle(studio, optionsOf('beside', ['safetensors']));
    expect(replaced).toBeUndefined();
    const names = ['embeddings.csv', 'model.safetensors', 'paths.parquet', 'vectors.npy'];
    expect(files.map(({ path }) => path).toSorted()).toEqual(names);
    // What was said of the vectors holds, though the last export had none.
    expect(manifestOf('beside')).toMatchObject({ complete: true, space: 'raw', N: images });
    const other = await exportBundle(studio, optionsOf('beside', ['csv'], { space: 'centred' }));
    expect(other.replaced).toMatchObject({ step: 0, removed: expect.arrayContaining(names.slice(1)) as unknown });
    expect(existsSync(join(root, 'beside', 'vectors.npy'))).toBe(false);
  });

  it('that is cancelled leaves the one before it as it was, which can still be added to', async () => {
    await exportBundle(studio, optionsOf('cancelled', ['csv', 'onnx']));
    const contents = (): Record<string, string> =>
      Object.fromEntries(
        readdirSync(join(root, 'cancelled')).map((name) => [name, readFileSync(join(root, 'cancelled', name)).toString('base64')]),
      );
    const before = contents();
    const stop = new AbortController();
    const options = { ...optionsOf('cancelled', ['csv', 'npy', 'onnx', 'safetensors']), signal: stop.signal };
    await expect(exportBundle(studio, options, () => stop.abort())).rejects.toMatchObject({ code: 'cancelled' });
    expect(contents()).toEqual(before);
    expect((await exportBundle(studio, optionsOf('cancelled', ['npy']))).replaced).toBeUndefined();
  });

  it('is not written beside another one', async () => {
    const both = await Promise.allSettled([
      exportBundle(studio, optionsOf('twice', ['csv'])),
      exportBundle(studio, optionsOf('twice', ['npy'])),
    ]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'locked' } });
    // The other one has its files, and the folder is free again.
    expect(manifestOf('twice')).toMatchObject({ complete: true });
    await exportBundle(studio, optionsOf('twice', ['csv', 'npy']));
  });

  it('of weights alone needs no vectors', async () => {
    const layer = 'last4';
    const { vectors, files } = await exportBundle(studio, optionsOf('weights', ['onnx'], { layer }));
    expect(vectors).toBeUndefined();
    expect(files.map(({ path }) => path)).toEqual(['encoder.onnx']);
    await expect(exportBundle(studio, optionsOf('vectors', ['npy'], { layer }))).rejects.toMatchObject({ code: 'not-found' });
    expect(existsSync(join(root, 'vectors'))).toBe(false);
  });

  it('never writes among files of others', async () => {
    mkdirSync(join(root, 'mine'));
    writeFileSync(join(root, 'mine', 'vectors.npy'), 'precious');
    await expect(exportBundle(studio, optionsOf('mine', ['npy', 'onnx']))).rejects.toMatchObject({ code: 'bad-input' });
    expect(readdirSync(join(root, 'mine'))).toEqual(['vectors.npy']);
    expect(readFileSync(join(root, 'mine', 'vectors.npy'), 'utf8')).toBe('precious');
  });

  it('on a full disk leaves the earlier files whole and nothing half written', async (context) => {
    const disk = smallDisk(4_000_000);
    if (!disk) return context.skip(noSmallDisk);
    try {
      const options = { ...optionsOf('', ['safetensors', 'npy', 'csv']), target: join(disk.path, 'out') };
      await exportBundle(studio, options);
      const before = readFileSync(join(options.target, 'model.safetensors'));
      for (const free of [0, 8192, 100_000]) {
        disk.leave(free);
        await expect(exportBundle(studio, options), String(free)).rejects.toMatchObject({ code: 'disk-full' });
        expect(readFileSync(join(options.target, 'model.safetensors')).equals(before)).toBe(true);
        expect(readdirSync(options.target).filter((name) => name.endsWith('.part'))).toEqual([]);
        disk.free();
      }
      await exportBundle(studio, options);
      expect(JSON.parse(readFileSync(join(options.target, 'manifest.json'), 'utf8'))).toMatchObject({ complete: true });
    } finally {
      disk.dispose();
    }
  });

  it('refuses a column name that the schema has', async () => {
    for (const vectorColumn of ['projection_x', 'projection_y'])
      await expect(exportBundle(studio, optionsOf('columns', ['parquet'], { vectorColumn }))).rejects.toMatchObject({ code: 'bad-input' });
    await expect(exportBundle(studio, optionsOf('columns', ['parquet'], { vectorColumn: 'label' }))).rejects.toMatchObject({
      code: 'bad-input',
    });
    await expect(exportBundle(studio, optionsOf('columns', ['parquet'], { vectorColumn: ' ' }))).rejects.toMatchObject({
      code: 'bad-input',
    });
  });

  it('refuses a damaged checkpoint', async () => {
    const damaged = join(root, 'damaged.safetensors');
    const bytes = readFileSync(checkpoint);
    bytes[bytes.length - 100]! ^= 1;
    writeFileSync(damaged, bytes);
    await expect(exportBundle(studio, optionsOf('damaged', ['onnx'], { checkpoint: damaged }))).rejects.toMatchObject({
      code: 'bad-checkpoint',
    });
    expect(existsSync(join(root, 'damaged'))).toBe(false);
  });
});

describe('an export of a folder whose map was drawn', () => {
  const drawn = ['parquet', 'npy', 'csv'] as const;
  const setup = (space: SpaceKind): MapSetup => ({ checkpoint, root: pictures, layer: 'last', space });
  /** Of the map as it is kept, by path. */
  const onMap = async (space: SpaceKind): Promise<ReadonlyMap<string, readonly number[]>> => {
    const map = (await folderMap(studio, setup(space)))!;
    return new Map(map.images.map(({ path }, i) => [path, [...map.places.subarray(2 * i, 2 * i + 2)]]));
  };

  it('says before that there are no places, and where they come from then; each image has its own in every table', async () => {
    const before = optionsOf('map', drawn, { neighbours: 2 });
    expect((await exportBundle(studio, before)).vectors).toEqual({ rows: images, dimension: imported.config.width });
    expect(Object.keys((await readParquet(join(root, 'map', 'embeddings.parquet')))[0]!)).not.toContain('projection_x');
    expect(manifestOf('map')).not.toHaveProperty('projection');
    expect(await drawForExport(studio, setup('raw'), {})).toBe(images);
    // Nothing is drawn twice, and vectors as they are get the whitened map.
    expect(await drawForExport(studio, setup('raw'), {})).toBeUndefined();
    expect([await folderMap(studio, setup('raw')), (await folderMap(studio, setup('whitened')))?.missing]).toEqual([undefined, 0]);
    const { vectors, replaced } = await exportBundle(studio, before);
    expect(vectors?.map).toEqual({ space: 'whitened', missing: 0 });
    // The tables without places are others.
    expect(replaced).toBeDefined();
    expect(manifestOf('map')).toMatchObject({ space: 'raw', projection: { space: 'whitened', method: 'umap' } });
    const places = await onMap('whitened');
    expect(places.size).toBe(images);
    for (const name of ['embeddings.parquet', 'paths.parquet']) {
      const rows = await readParquet(join(root, 'map', name));
      expect(rows.map((row) => [row['projection_x'], row['projection_y']])).toEqual(
        rows.map((row) => places.get(row['filepath'] as string)),
      );
    }
    const csv = readFileSync(join(root, 'map', 'embeddings.csv'), 'utf8')
      .trimEnd()
      .split('\r\n')
      .map((line) => line.split(','));
    expect(csv[0]!.slice(5, 8)).toEqual(['projection_x', 'projection_y', 'e0']);
    expect(csv.slice(1).map((fields) => fields.slice(5, 7).map(Number).map(Math.fround))).toEqual(
      csv.slice(1).map((fields) => places.get(fields[2]!)),
    );
    // What the lines of Python take for the vectors.
    expect(csv[0]!.filter((name) => /^e[0-9]+$/.test(name))).toHaveLength(imported.config.width);
    // The vectors stand where they stood.
    const { values } = readNpy(join(root, 'map', 'vectors.npy'));
    expect(Float32Array.from(csv.slice(1).flatMap((fields) => fields.slice(7).map(Number)))).toEqual(values);
  });

  it('is added to while the map is the same, and is another once it is drawn again; weights go with any', async () => {
    const added = async (format: ExportFormat): Promise<boolean> =>
      (await exportBundle(studio, optionsOf('map added', [format]))).replaced === undefined;
    await exportBundle(studio, optionsOf('map added', ['parquet']));
    expect([await added('csv'), await added('projector'), await added('onnx')]).toEqual([true, true, true]);
    const before = await onMap('whitened');
    expect((await wholeMap(studio, setup('whitened'), { again: true })).isNew).toBe(true);
    expect(await onMap('whitened')).not.toEqual(before);
    expect(await added('safetensors')).toBe(true);
    expect(await added('npy')).toBe(false);
    const files = manifestOf('map added')['files'] as { path: string }[];
    expect(files.map(({ path }) => path).toSorted()).toEqual(['paths.parquet', 'vectors.npy']);
  });

  it('has the map of its own space where that was drawn', async () => {
    expect((await wholeMap(studio, setup('centred'))).isNew).toBe(true);
    await exportBundle(studio, optionsOf('map of its own', ['csv'], { space: 'centred' }));
    expect(manifestOf('map of its own')).toMatchObject({ space: 'centred', projection: { space: 'centred' } });
    await exportBundle(studio, optionsOf('map of its own', ['csv']));
    expect(manifestOf('map of its own')).toMatchObject({ space: 'raw', projection: { space: 'whitened' } });
  });

  it('has nothing for images that were added since, until the map is drawn again', async () => {
    const late = join(pictures, 'train', 'cats', 'late.png');
    await sharp({ create: { width: 48, height: 48, channels: 3, background: { r: 200, g: 40, b: 90 } } })
      .png()
      .toFile(late);
    await embed(imported);
    const { vectors } = await exportBundle(studio, optionsOf('map with gaps', ['parquet']));
    expect(vectors).toMatchObject({ rows: images + 1, map: { space: 'whitened', missing: 1 } });
    const without = (rows: readonly Record<string, unknown>[]): unknown[] =>
      rows.filter((row) => row['projection_x'] === null || row['projection_y'] === null).map((row) => row['filepath']);
    expect(without(await readParquet(join(root, 'map with gaps', 'embeddings.parquet')))).toEqual([late]);
    expect(await drawForExport(studio, setup('raw'), {})).toBe(images + 1);
    await exportBundle(studio, optionsOf('map with gaps', ['parquet']));
    expect(without(await readParquet(join(root, 'map with gaps', 'embeddings.parquet')))).toEqual([]);
  });
});
