// What a scan does to the decode cache beside filling it.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { defaultConfig } from '../../../shared/config/config.ts';
import { preprocessingOf } from '../../../shared/config/preprocessing.ts';
import { cacheFolder, decodingVersion } from '../../images/cache-space.ts';
import { DecodeCache } from '../../images/cache.ts';
import { CountingDecoder, png } from '../../library/testing/scan-fixtures.ts';
import { Studio } from '../studio.ts';
import { scanFolder } from './scan-folder.ts';
import type { CacheEvent } from './scan-folder.ts';

const [settings, shortSide] = [preprocessingOf(defaultConfig), 256];
let folder: string;
let pictures: string;
let studio: Studio;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ijepa-scan-'));
  pictures = join(folder, 'pictures');
  mkdirSync(pictures);
  studio = new Studio({ home: join(folder, 'home') });
  vi.spyOn(studio, 'decoders', 'get').mockReturnValue(new CountingDecoder(pictures) as never);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await studio.dispose();
  rmSync(folder, { recursive: true, force: true });
});

async function scanned(cacheBytes?: number): Promise<CacheEvent[]> {
  const stated: CacheEvent[] = [];
  for await (const event of scanFolder(studio, pictures, { settings, shortSide, ...(cacheBytes !== undefined && { cacheBytes }) }))
    if (event.type === 'cache') stated.push(event);
  return stated;
}

it('takes away what an earlier version decoded by the same settings, and nothing else', async () => {
  const old = cacheFolder(studio.home.cache, shortSide, settings, decodingVersion - 1);
  const others = [
    cacheFolder(studio.home.cache, shortSide + 1, settings, decodingVersion - 1),
    cacheFolder(studio.home.cache, shortSide, settings, decodingVersion + 1),
  ];
  for (const one of [old, ...others]) {
    mkdirSync(one);
    writeFileSync(join(one, 'shard-00000.bin'), 'decoded');
  }
  writeFileSync(join(pictures, 'a.png'), await png(1));
  await scanned();
  expect(existsSync(old)).toBe(false);
  expect([...others, studio.cacheFor(settings, shortSide)].every((one) => existsSync(one))).toBe(true);
});

it.each([
  ['all raw', 0, 2e6, false],
  ['raw at first and JPEG then', 85, 2e6, true],
  ['all JPEG', 150, 2e6, true],
])('says what the cache will take where the pictures are kept %s', async (_, held, limit, jpeg) => {
  const cache = new DecodeCache(studio.cacheFor(settings, shortSide), { access: 'write' });
  const picture = { width: 60, height: 60, pixels: new Uint8Array(60 * 60 * 3) };
  for (let i = 0; i < held; i++) await cache.put(i.toString(16).padStart(64, '0'), picture);
  const before = cache.bytes;
  for (let i = 0; i < 30; i++) {
    // About as much noise as a photograph: an eighth of its bytes as JPEG.
    const noise = sharp({
      create: { width: 60, height: 60, channels: 3, background: '#888', noise: { type: 'gaussian', mean: 128, sigma: 2 } },
    });
    writeFileSync(join(pictures, `${i}.png`), await noise.png().toBuffer());
  }
  const [stated] = await scanned(limit);
  cache.refresh();
  const taken = cache.bytes - before;
  cache.dispose();
  expect(stated).toMatchObject({ jpeg, limit });
  expect(stated!.bytes / taken).toBeGreaterThan(0.6);
  expect(stated!.bytes / taken).toBeLessThan(1.6);
});
