// TIFFs as cameras on drones, microscopes and satellites write them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DecodeSettings } from '../../shared/config/preprocessing.ts';
import { decodeImage } from './decode.ts';
import { defaultLimits } from './decoder.ts';
import type { DecodeResult } from './decoder.ts';
import { imageOf, plainSettings } from './testing/test-images.ts';
import { tiff } from './testing/tiff-files.ts';
import type { TiffOptions } from './testing/tiff-files.ts';

let root = '';
beforeAll(() => void (root = mkdtempSync(join(tmpdir(), 'decode-tiff-'))));
afterAll(() => rmSync(root, { recursive: true }));

async function attempt(options: TiffOptions, settings: Partial<DecodeSettings> = {}, shortSide = 4096): Promise<DecodeResult> {
  const path = join(root, 'file.tif');
  writeFileSync(path, tiff(options));
  return decodeImage({ path, settings: { ...plainSettings, ...settings }, shortSide }, defaultLimits);
}
const pixels = async (...given: Parameters<typeof attempt>): Promise<number[]> => [...imageOf(await attempt(...given)).pixels];
/** One value per pixel of a picture whose three channels are the same. */
async function greys(...given: Parameters<typeof attempt>): Promise<number[]> {
  const all = await pixels(...given);
  for (let i = 0; i < all.length; i += 3) expect([all[i + 1], all[i + 2]]).toEqual([all[i], all[i]]);
  return all.filter((_, i) => i % 3 === 0);
}

describe('channels behind the colours', () => {
  const colours = [10, 20, 30, 200, 150, 100];
  /** Two pixels of two colours with the same further channels each. */
  const withBands = (bands: readonly number[], extraSamples?: readonly number[], deep = false): TiffOptions => ({
    width: 2,
    kind: deep ? 'uint16' : 'uint8',
    channels: 3 + bands.length,
    values: [0, 3].flatMap((at) => [...colours.slice(at, at + 3), ...bands]).map((value) => (deep ? 257 * value : value)),
    ...(extraSamples && { extraSamples }),
  });

  it.each([
    ['near infrared', [40], [0]],
    ['a dark band', [0], [0]],
    ['two bands', [40, 250], [0, 0]],
  ])('are left out where the file does not call them alpha: %s', async (_, bands, extraSamples) => {
    for (const deep of [false, true]) {
      for (const form of [{}, { bigEndian: true }, { big: true }])
        expect(await pixels({ ...withBands(bands, extraSamples, deep), ...form })).toEqual(colours);
      expect(await greys(withBands(bands, extraSamples, deep), { channels: 'green' })).toEqual([20, 150]);
    }
  });

  it('do not dim the colours of a picture that is made smaller', async () => {
    const [width, height] = [16, 8];
    const values = Array.from({ length: width * height }, (_, i) => [200, 100, 50, i % 2 === 0 ? 0 : 255]).flat();
    for (const more of [[], [7]]) {
      const all = values.flatMap((value, i) => (i % 4 === 3 ? [value, ...more] : [value]));
      const file = { width, kind: 'uint8', channels: 4 + more.length, values: all, extraSamples: [0, ...more.map(() => 0)] } as const;
      const small = await pixels(file, {}, 4);
      expect(small).toEqual(
        Array(8 * 4)
          .fill([200, 100, 50])
          .flat(),
      );
    }
  });

  it('are left out of grey pictures too', async () => {
    const grey = { width: 2, kind: 'uint8', photometric: 1 } as const;
    expect(await greys({ ...grey, channels: 2, values: [10, 40, 200, 0], extraSamples: [0] })).toEqual([10, 200]);
    expect(await greys({ ...grey, channels: 3, values: [10, 40, 9, 200, 0, 9], extraSamples: [0, 0] })).toEqual([10, 200]);
  });

  it('are opacity where the file says so; a fourth one is what is asked for as alpha, whatever it is called', async () => {
    expect(await pixels(withBands([0], [2]))).toEqual([255, 255, 255, 255, 255, 255]);
    expect(await pixels(withBands([255], [1]))).toEqual(colours);
    for (const extraSamples of [[0], [2]]) expect(await greys(withBands([40], extraSamples), { channels: 'alpha' })).toEqual([40, 40]);
  });

  it.each([
    ['transparency and another band', withBands([255, 40], [2, 0]), 'transparency'],
    ['more than are read', withBands([1, 2, 3], [0, 0, 0]), 'five'],
    ['nothing that says what they are', withBands([40]), 'ExtraSamples'],
  ])('that cannot be taken are said to be unsupported: %s', async (_, file, words) => {
    expect(await attempt(file)).toEqual({
      ok: false,
      failure: { reason: 'unsupported', message: expect.stringMatching(new RegExp(`^[A-Z].*${words}.*\\.$`)) as string },
    });
  });
});
