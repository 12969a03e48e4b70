// What libheif holds of a file is given back, however its decode ends: it is never asked for memory of which it has none left.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import heicDecode from 'heic-decode';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { RuntimeError } from '../../shared/web-assembly.ts';
import { decodeImage } from './decode.ts';
import { defaultLimits } from './decoder.ts';
import type { DecodeResult } from './decoder.ts';
import { plainSettings, quadrantsHeic } from './testing/test-images.ts';

type Images = Awaited<ReturnType<typeof heicDecode.all>>;
let counts = { opened: 0, disposed: 0 };
let failing: Error | undefined;

/** As heic-decode, counted; `failing` is what decodes end in. */
async function counted(images: Promise<Images>): Promise<Images> {
  const whole = await images;
  counts.opened++;
  const dispose = (): void => {
    counts.disposed++;
    whole.dispose();
  };
  const decode = async (): Promise<never> => Promise.reject(failing!);
  return Object.assign(failing ? whole.map(({ width, height }) => ({ width, height, decode })) : [...whole], { dispose });
}

let root = '';
beforeAll(() => void (root = mkdtempSync(join(tmpdir(), 'heic-'))));
afterAll(() => rmSync(root, { recursive: true }));
beforeEach(() => {
  counts = { opened: 0, disposed: 0 };
  failing = undefined;
  const all = heicDecode.all.bind(heicDecode);
  vi.spyOn(heicDecode, 'all').mockImplementation(async (options) => counted(all(options)));
});
afterEach(() => void vi.restoreAllMocks());

async function attempt(maxPixels = defaultLimits.maxPixels): Promise<DecodeResult> {
  const path = join(root, 'photo.heic');
  writeFileSync(path, quadrantsHeic);
  return decodeImage({ path, settings: plainSettings, shortSide: 64 }, { ...defaultLimits, maxPixels });
}

it('gives back what a decoded photo took', async () => {
  for (let i = 0; i < 3; i++) expect(await attempt()).toMatchObject({ ok: true });
  expect(counts).toEqual({ opened: 3, disposed: 3 });
});

it('gives back what a photo took that is too large, or damaged', async () => {
  expect(await attempt(10)).toMatchObject({ ok: false, failure: { reason: 'too-large' } });
  expect(counts).toEqual({ opened: 1, disposed: 1 });
  failing = new Error('HEIF processing error');
  expect(await attempt()).toMatchObject({ ok: false, failure: { reason: 'damaged' } });
  expect(counts).toEqual({ opened: 2, disposed: 2 });
});

it('calls no photo damaged when libheif itself is at its end', async () => {
  failing = new RuntimeError('Aborted(OOM)');
  await expect(attempt()).rejects.toBe(failing);
});

it('hands on what comes when refused files have filled the memory of libheif, and calls those damaged', async () => {
  vi.resetModules();
  const { openHeic } = await import('./heic.ts');
  const refusing = vi.spyOn(heicDecode, 'all').mockRejectedValue(new Error('HEIF image not found'));
  const bad = Buffer.alloc(150 * 1024 ** 2);
  for (let i = 0; i < 2; i++) await expect(openHeic(bad, defaultLimits)).rejects.toThrow('not found');
  refusing.mockClear();
  await expect(openHeic(quadrantsHeic, defaultLimits)).rejects.toBeInstanceOf(RuntimeError);
  expect(refusing).not.toHaveBeenCalled();
  // As in a new process, which holds none of them: even what would fill it by itself is told from a crash.
  vi.resetModules();
  const fresh = await import('./heic.ts');
  await expect(fresh.openHeic(Buffer.alloc(300 * 1024 ** 2), defaultLimits)).rejects.toThrow('not found');
});
