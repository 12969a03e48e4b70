// The images of a large folder are found while others are answered.
import { expect, it, vi } from 'vitest';
import type * as Catalogue from '../../library/catalogue.ts';
import type { EmbeddingStore } from '../../retrieval/embedding-store.ts';
import type { Studio } from '../studio.ts';
import { embeddedImages } from './export-vectors.ts';

const count = 200_000;
vi.mock('../../library/catalogue.ts', async (original) => ({
  ...(await original<typeof Catalogue>()),
  *usableImages() {
    const images = Array.from({ length: count }, (_, i) => ({ hash: String(i), label: null, split: null, path: `/pictures/${i}.png` }));
    yield;
    return { images, fingerprint: '' };
  },
}));
const studio = { library: {} } as Studio;
/** The other way round than the folder, and without every third image. */
const store = { rowOf: (hash: string) => (Number(hash) % 3 === 0 ? undefined : count - Number(hash)) } as unknown as EmbeddingStore;

it('finds the images of a folder by their rows, and lets others in', async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const { rows, images } = await embeddedImages(studio, store, '/pictures');
  clearInterval(timer);
  expect(turns).toBeGreaterThan(0);
  expect([rows.length, images.length]).toEqual(Array(2).fill(count - Math.ceil(count / 3)));
  expect(rows.every((row, i) => i === 0 || row > rows[i - 1]!)).toBe(true);
  expect(images.every(({ hash }, i) => store.rowOf(hash) === rows[i])).toBe(true);
});

it('ends where it is cancelled, and where nothing of the folder has a vector', async () => {
  const stop = new AbortController();
  const finding = embeddedImages(studio, store, '/pictures', stop.signal);
  setTimeout(() => stop.abort(), 1);
  await expect(finding).rejects.toMatchObject({ code: 'cancelled' });
  const empty = { rowOf: () => undefined } as unknown as EmbeddingStore;
  await expect(embeddedImages(studio, empty, '/pictures')).rejects.toMatchObject({ code: 'not-found' });
});
