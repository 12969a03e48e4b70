// What a scan does to the decode cache beside filling it.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { defaultConfig } from '../../shared/config.ts';
import { preprocessingOf } from '../../shared/preprocessing.ts';
import { cacheFolder, decodingVersion } from '../images/cache-space.ts';
import { CountingDecoder, png } from '../library/testing/scan-fixtures.ts';
import { scanFolder } from './scan-folder.ts';
import { Studio } from './studio.ts';

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

async function scanned(): Promise<void> {
  for await (const _ of scanFolder(studio, pictures, { settings, shortSide }));
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
