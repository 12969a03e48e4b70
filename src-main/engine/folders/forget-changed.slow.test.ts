// A home that an earlier version has filled: what of it is made anew.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { defaultConfig } from '../../../shared/config/config.ts';
import { preprocessingOf } from '../../../shared/config/preprocessing.ts';
import { takeLock } from '../../files/folder-lock.ts';
import { DecodeCache } from '../../images/cache.ts';
import { tiff } from '../../images/testing/tiff-files.ts';
import { CountingDecoder, png } from '../../library/testing/scan-fixtures.ts';
import { EmbeddingStore } from '../../retrieval/embedding-store.ts';
import { identity } from '../../retrieval/testing/embedding-fixtures.ts';
import { Studio } from '../studio.ts';
import { scanFolder } from './scan-folder.ts';

const [settings, shortSide] = [preprocessingOf(defaultConfig), 256];
let root: string;
let pictures: string;
let decoder: CountingDecoder;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ijepa-changed-'));
  pictures = join(root, 'pictures');
  mkdirSync(pictures);
  decoder = new CountingDecoder(pictures);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

/** Opens the home as an engine does, for one thing. */
async function opened<T>(work: (studio: Studio) => T | Promise<T>, readOnly = false): Promise<T> {
  const studio = new Studio({ home: join(root, 'home'), readOnly });
  vi.spyOn(studio, 'decoders', 'get').mockReturnValue(decoder as never);
  try {
    return await work(studio);
  } finally {
    await studio.dispose();
  }
}

/** Reads the folder; the files that were decoded for it. */
async function scanned(studio: Studio): Promise<string[]> {
  for await (const event of scanFolder(studio, pictures, { settings, shortSide })) void event;
  return decoder.taken();
}

it('is the pictures and vectors of a format that is decoded otherwise now, once', async () => {
  writeFileSync(join(pictures, 'a.png'), await png(1));
  writeFileSync(join(pictures, 'b.tif'), tiff({ width: 2, kind: 'float32', values: [0, 1, 2, 3] }));
  const hashes = await opened(async (studio) => {
    expect(await scanned(studio)).toEqual(['a.png', 'b.tif']);
    const all = studio.images(pictures).map(({ hash }) => hash);
    const store = await EmbeddingStore.openForWriting(studio.home.embeddings, identity, '1.2.3');
    await store.append(all, new Float32Array(all.length * identity.dimension));
    await store.dispose();
    studio.library.database.exec("INSERT INTO settings (key, value) VALUES ('decode-again', 'tiff')");
    return { all, store: store.folder };
  });
  /** Which of both have a picture and a vector. */
  const left = async (): Promise<boolean[][]> =>
    opened(async (studio) => {
      const cache = new DecodeCache(studio.cacheFor(settings, shortSide), { access: 'read' });
      const store = await EmbeddingStore.openForReading(hashes.store);
      const found = hashes.all.map((hash) => [cache.has(hash), store.rowOf(hash) !== undefined]);
      cache.dispose();
      await store.dispose();
      return found;
    }, true);
  const both = [true, true];
  expect(await left()).toEqual([both, both]);
  // While a trainer writes there, the vectors wait for the next time.
  const lock = takeLock(hashes.store, 'writer.lock');
  await opened(() => undefined);
  lock.dispose();
  expect((await left()).map(([, hasVector]) => hasVector)).toEqual([true, true]);
  expect(await opened(scanned)).toEqual(['b.tif']);
  expect(await left()).toEqual([both, [true, false]]);
  expect(await opened(scanned)).toEqual([]);
});
