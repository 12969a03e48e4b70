// A full disk under the catalogue and under the decode cache: a typed error, nothing that was written before lost, and the scan
// goes on when there is space again.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noSmallDisk, smallDisk } from '../files/testing/small-disk.ts';
import type { SmallDisk } from '../files/testing/small-disk.ts';
import { DecodeCache } from '../images/cache.ts';
import { countImages, images } from './catalogue.ts';
import { openLibrary } from './library.ts';
import { CountingDecoder, Place, scanned } from './testing/scan-fixtures.ts';

const capacity = 6 * 1024 * 1024;
const count = 600;
let disk: SmallDisk | undefined;
let place: Place;
beforeAll(async () => {
  disk = smallDisk(capacity);
  place = new Place();
  const name = 'a long name, so that rows take space '.repeat(5);
  for (let i = 0; i < count; i++) await place.put({ [`${name}${i}.png`]: i });
});
afterAll(() => {
  disk?.dispose();
  place.dispose();
});

describe('a full disk', () => {
  it('under the catalogue ends the scan with a hint, and the next one goes on', async (context) => {
    if (!disk) return context.skip(noSmallDisk);
    const home = join(disk.path, 'library');
    let library = openLibrary(home);
    disk.leave(150_000);
    const decoder = new CountingDecoder(place.photos);
    await expect(scanned(library, place.photos, { decoder })).rejects.toMatchObject({
      code: 'disk-full',
      hint: expect.stringContaining('Free some space') as string,
    });
    const kept = countImages(library);
    expect(kept).toBeLessThan(count);
    disk.free();
    library.dispose();
    library = openLibrary(home);
    expect(library.database.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(countImages(library)).toBe(kept);
    expect((await scanned(library, place.photos, { decoder })).counts).toMatchObject({ found: count, unchanged: kept, failed: 0 });
    expect(library.database.pragma('foreign_key_check')).toEqual([]);
    library.dispose();
  });

  it('under the decode cache ends the scan with a hint; every picture in it reads back, then and after the next scan', async (context) => {
    if (!disk) return context.skip(noSmallDisk);
    const folder = join(disk.path, 'cache');
    let cache = new DecodeCache(folder, { access: 'write' });
    disk.leave(100_000);
    const decoder = new CountingDecoder(place.photos);
    place.reopen();
    await expect(scanned(place.library, place.photos, { decoder, cache })).rejects.toMatchObject({ code: 'disk-full' });
    const ok = async (): Promise<void> => {
      for (const { hash } of images(place.library, { status: 'ok' }, { limit: count }))
        expect(await cache.get(hash!)).toMatchObject({ height: 8 });
    };
    await ok();
    expect(cache.size).toBeGreaterThan(10);
    expect(cache.size).toBeLessThan(count);
    const { size } = cache;
    cache.dispose();
    cache = new DecodeCache(folder, { access: 'write' });
    expect(cache.size).toBe(size);
    disk.free();
    expect((await scanned(place.library, place.photos, { decoder, cache })).counts).toMatchObject({ found: count, failed: 0 });
    expect(cache.size).toBe(count);
    await ok();
    expect(await cache.forgetDamaged()).toBe(0);
    cache.dispose();
  });

  it('cannot hold a library at all, which is said', async (context) => {
    if (!disk) return context.skip(noSmallDisk);
    const home = join(disk.path, 'second');
    mkdirSync(home);
    disk.leave(0);
    expect(() => openLibrary(home)).toThrow(expect.objectContaining({ code: 'disk-full' }));
    disk.free();
    const library = openLibrary(home);
    await scanned(library, place.photos, { decoder: new CountingDecoder(place.photos) });
    library.dispose();
  });
});
