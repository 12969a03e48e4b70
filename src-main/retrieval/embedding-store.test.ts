import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { embeddingId } from './embedding-identity.ts';
import { EmbeddingStore } from './embedding-store.ts';
import { hashOf, identity, vectorOf, vectorsOf } from './testing/embedding-fixtures.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'embedding-store-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const openStore = (): Promise<EmbeddingStore> => EmbeddingStore.openForWriting(root, identity, '1.2.3');
const add = (store: EmbeddingStore, images: number[]): Promise<void> => store.append(images.map(hashOf), vectorsOf(images));
const folder = (): string => join(root, embeddingId(identity));

describe('EmbeddingStore', () => {
  it('keeps what was appended, once per content, and reads it in blocks and by row', async () => {
    const store = await openStore();
    await add(store, [0, 1, 2]);
    await add(store, [2, 3, 3, 4]);
    expect(store.missing([5, 4, 6, 5].map(hashOf))).toEqual([5, 6].map(hashOf));
    await store.dispose();
    const again = await openStore();
    expect(again.rows).toBe(5);
    const seen = [];
    for await (const { firstRow, vectors } of again.blocks(2)) seen.push([firstRow, ...vectors]);
    expect(seen).toEqual([
      [0, ...vectorOf(0), ...vectorOf(1)],
      [2, ...vectorOf(2), ...vectorOf(3)],
      [4, ...vectorOf(4)],
    ]);
    expect([...(await again.read([3, 0]))]).toEqual([...vectorOf(3), ...vectorOf(0)]);
    expect([again.rowOf(hashOf(4)), again.rowOf(hashOf(9)), again.hashOf(1)]).toEqual([4, undefined, hashOf(1)]);
    await expect(again.read([5])).rejects.toMatchObject({ code: 'not-found' });
    await again.dispose();
    expect(readdirSync(folder()).toSorted()).toEqual(['committed.json', 'hashes.bin', 'manifest.json', 'vectors.f32']);
    expect(JSON.parse(readFileSync(join(folder(), 'manifest.json'), 'utf8'))).toMatchObject({ ...identity, programVersion: '1.2.3' });
  });

  it('forgets what was made of its rows where some of them were lost, and only then', async () => {
    const made = ['map-raw-0123.safetensors', 'pairs-raw-0123.safetensors', 'space-centred-0123.safetensors'];
    let store = await EmbeddingStore.openForWriting(root, identity, '0.0.0');
    await store.append([hashOf(0), hashOf(1), hashOf(2)], vectorsOf([0, 1, 2]));
    await store.commit();
    for (const name of made) writeFileSync(join(store.folder, name), 'x');
    await store.dispose();
    store = await EmbeddingStore.openForWriting(root, identity, '0.0.0');
    await store.dispose();
    expect(readdirSync(store.folder)).toEqual(expect.arrayContaining(made));
    truncateSync(join(store.folder, 'vectors.f32'), 2 * 24);
    store = await EmbeddingStore.openForWriting(root, identity, '0.0.0');
    expect(store.rows).toBe(2);
    expect(readdirSync(store.folder).filter((name) => made.includes(name))).toEqual([]);
    await store.dispose();
  });

  it('drops a torn tail and rows that were not committed', async () => {
    const store = await openStore();
    await add(store, [0, 1, 2]);
    await store.dispose();
    appendFileSync(join(folder(), 'vectors.f32'), new Uint8Array(31));
    appendFileSync(join(folder(), 'hashes.bin'), new Uint8Array(70));
    let again = await openStore();
    expect(again.rows).toBe(3);
    await add(again, [7]);
    expect([...(await again.read([3]))]).toEqual(vectorOf(7));
    await again.dispose();
    truncateSync(join(folder(), 'vectors.f32'), 2 * 24 + 5);
    again = await openStore();
    expect([again.rows, again.rowOf(hashOf(1)), again.rowOf(hashOf(2))]).toEqual([2, 1, undefined]);
    await again.dispose();
  });

  it('loses the rows whose hashes were lost, and is no damaged file', async () => {
    const store = await openStore();
    await add(store, [0, 1, 2, 3]);
    await store.dispose();
    truncateSync(join(folder(), 'hashes.bin'), 2 * 32 + 5);
    const reader = await EmbeddingStore.openForReading(folder());
    expect([reader.rows, reader.rowOf(hashOf(1)), reader.rowOf(hashOf(2))]).toEqual([2, 1, undefined]);
    await reader.dispose();
    const again = await openStore();
    await add(again, [2]);
    expect([again.rowOf(hashOf(2)), ...(await again.read([1, 2]))]).toEqual([2, ...vectorsOf([1, 2])]);
    await again.dispose();
  });

  it('knows which device has made how many of its rows, as far as that was noted, up to the last commit', async () => {
    const store = await openStore();
    await add(store, [0]);
    await store.append([1, 2, 2].map(hashOf), vectorsOf([1, 2, 2]), 'webgpu');
    await store.commit();
    await store.append([2, 3].map(hashOf), vectorsOf([2, 3]), 'cpu');
    const reader = await EmbeddingStore.openForReading(folder());
    expect([reader.devices, store.devices]).toEqual([{ webgpu: 2 }, { webgpu: 2, cpu: 1 }]);
    await Promise.all([reader.dispose(), store.dispose()]);
    const again = await openStore();
    expect(again.devices).toEqual({ webgpu: 2, cpu: 1 });
    await again.dispose();
    // The file lost its tail: whose rows those were is not known.
    truncateSync(join(folder(), 'vectors.f32'), 3 * 24);
    const torn = await openStore();
    expect([torn.rows, torn.devices]).toEqual([3, {}]);
    await torn.append([4].map(hashOf), vectorsOf([4]), 'cpu');
    expect(torn.devices).toEqual({ cpu: 1 });
    await torn.dispose();
    // As earlier versions wrote it.
    writeFileSync(join(folder(), 'committed.json'), JSON.stringify({ version: 1, rows: 2 }));
    const older = await openStore();
    expect([older.rows, older.devices]).toEqual([2, {}]);
    await older.dispose();
  });

  it('lets one write and others read what is committed', async () => {
    const store = await openStore();
    await add(store, [0, 1]);
    await store.commit();
    await add(store, [2]);
    await expect(openStore()).rejects.toMatchObject({ code: 'locked' });
    const reader = await EmbeddingStore.openForReading(folder());
    expect([reader.rows, ...(await reader.read([1]))]).toEqual([2, ...vectorOf(1)]);
    await expect(add(reader, [9])).rejects.toThrow('open for reading');
    await reader.dispose();
    await store.dispose();
    await expect(add(store, [9])).rejects.toThrow('closed');
    const next = await openStore();
    expect(next.rows).toBe(3);
    await next.dispose();
  });

  it('appends nothing of a batch that is wrong', async () => {
    const store = await openStore();
    const bad = vectorsOf([0, 1]);
    bad[7] = Number.NaN;
    await expect(store.append([hashOf(0), hashOf(1)], bad)).rejects.toMatchObject({ code: 'non-finite' });
    await expect(store.append([hashOf(0)], bad)).rejects.toMatchObject({ code: 'bad-input' });
    await expect(store.append(['x'], vectorsOf([0]))).rejects.toMatchObject({ code: 'bad-input' });
    expect(store.rows).toBe(0);
    await Promise.all([add(store, [0]), add(store, [1]), add(store, [0, 2])]);
    expect([...(await store.read([0, 1, 2]))]).toEqual([...vectorsOf([0, 1, 2])]);
    await store.dispose();
  });

  it('has one folder per model, layer, pooling, preprocessing and decoding', () => {
    const other = { ...identity, preprocessing: { ...identity.preprocessing, imageSize: 128 } };
    const { imageSize, ...rest } = other.preprocessing;
    const reordered = { ...other, preprocessing: { imageSize, ...rest } };
    const decodings = [identity, { ...identity, decoding: 2 }, { ...identity, decoding: 3 }];
    expect(new Set(decodings.map(embeddingId)).size).toBe(3);
    expect(embeddingId(identity)).toMatch(/^[0-9a-f]{16}$/);
    expect(new Set([identity, other, { ...identity, step: 401 }, { ...identity, layer: 'last-four' }].map(embeddingId)).size).toBe(4);
    expect(embeddingId(reordered)).toBe(embeddingId(other));
  });

  it('says what is wrong with a folder it cannot use, and gives its lock back', async () => {
    await (await openStore()).dispose();
    for (const [text, code] of [
      ['{', 'bad-file'],
      ['{}', 'bad-file'],
      ['{"format":"ijepa-studio-embeddings","version":2}', 'unsupported'],
    ] as const) {
      writeFileSync(join(folder(), 'manifest.json'), text);
      await expect(openStore()).rejects.toMatchObject({ code });
    }
    expect(existsSync(join(folder(), 'writer.lock'))).toBe(false);
    await expect(EmbeddingStore.openForReading(join(root, 'none'))).rejects.toMatchObject({ code: 'not-found' });
  });

  it('reads scattered rows in the order asked for, near and far, twice too', async () => {
    const store = await openStore();
    const rows = Array.from({ length: 1000 }, (_, row) => row);
    await add(store, rows);
    const asked = [5, 5, 2, 3, 258, 259, 999, 0, 700, 256, 257];
    expect([...(await store.read(asked))]).toEqual([...vectorsOf(asked)]);
    await expect(store.read([3, 1000])).rejects.toMatchObject({ code: 'not-found' });
    expect(await store.read([])).toHaveLength(0);
    await store.dispose();
  });
});
