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

/** Within rounding. */
const nearly = (values: readonly number[]): number[] => values.map((value) => expect.closeTo(value, -0.1) as number);

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

describe('numbers of other kinds than 8 and 16 bits without a sign', () => {
  const percentile = { intensity: 'percentile', intensityPercentile: [0, 100] } as const;
  const window = (low: number, high: number): Partial<DecodeSettings> => ({ intensity: 'window', intensityWindow: [low, high] });
  const ramp = [0, 0.25, 0.5, 0.75, 1];
  const evenly = [0, 63.75, 127.5, 191.25, 255];
  const signed = [-300, -150, 0, 150, 300];
  const large = [2e9, 2e9 + 25, 2e9 + 50, 2e9 + 75, 2e9 + 100];

  it.each([
    ['float32', ramp],
    ['float32', [-1e30, -5e29, 0, 5e29, 1e30]],
    ['int16', signed],
    ['int16', [-32768, -16384, 0, 16383, 32767]],
    ['int8', [-100, -50, 0, 50, 100]],
    ['int32', signed],
    ['int32', [-1e9, -5e8, 0, 5e8, 1e9]],
    ['uint32', large],
  ] as const)(
    '%s %j become an even ramp by percentiles, by a window and, having no range of their own, as a whole',
    async (kind, values) => {
      const [low, high] = [values[0]!, values[4]!];
      for (const form of [{}, { bigEndian: true }])
        for (const settings of [percentile, window(low, high), {}])
          expect(await greys({ width: 5, kind, values, ...form }, settings)).toEqual(nearly(evenly));
      // The picture as it lies in the file is turned.
      expect(await greys({ width: 5, kind, values, orientation: 3 }, percentile)).toEqual(nearly(evenly.toReversed()));
      const halved = await greys({ width: 5, kind, values }, window(low, 2 * high - low));
      expect(halved).toEqual(nearly(evenly.map((value) => value / 2)));
    },
  );

  it('are mapped by the range of those that are numbers; the others are black', async () => {
    const values = [NaN, 2, 6, 4, NaN, -Infinity, Infinity];
    for (const settings of [percentile, {}])
      expect(await greys({ width: 7, kind: 'float32', values }, settings)).toEqual(nearly([0, 0, 255, 127.5, 0, 0, 255]));
  });

  it.each([
    ['float32', '-9999', -9999],
    ['float32', '3.4028234663852886e+38', 3.4028234663852886e38],
    ['float32', '1e20', 1e20],
    ['float32', 'inf', Infinity],
    ['float32', '0.1', 0.1],
    ['int16', '-32768', -32768],
    ['int32', '2147483647', 2147483647],
    ['uint32', '4294967295', 4294967295],
  ] as const)(
    'of %s are mapped by the range of those that are known, where the file says what the others are: %s',
    async (kind, noData, none) => {
      const values = [none, 200, 400, none, 300];
      const known = nearly([0, 0, 255, 0, 127.5]);
      for (const settings of [percentile, {}, window(200, 400)]) {
        for (const form of [{}, { big: true }]) expect(await greys({ width: 5, kind, values, noData, ...form }, settings)).toEqual(known);
      }
      // Of a file that does not say it, it is a value like others.
      const plain = await greys({ width: 5, kind, values: [100, 200, 400, 100, 300] }, percentile);
      expect(plain).toEqual(nearly([0, 85, 255, 0, 170]));
      expect(await greys({ width: 5, kind, values: [100, 200, 400, 100, 300], noData: '77' }, percentile)).toEqual(plain);
    },
  );

  it('of 8 and 16 bits are so where they are mapped, and stay what they are where they are not', async () => {
    for (const [kind, none, scale] of [
      ['uint16', 65535, 1],
      ['uint8', 255, 257],
    ] as const) {
      const file = { width: 4, kind, values: [none, 50, 150, 100], noData: String(none) } as const;
      expect(await greys(file, percentile)).toEqual(nearly([0, 0, 255, 127.5]));
      expect(await greys(file, window(50, 150))).toEqual(nearly([0, 0, 255, 127.5]));
      const { noData: _, ...plain } = file;
      expect(await greys(file)).toEqual(await greys(plain));
      expect((await greys(file))[1]).toBeCloseTo((50 * scale) / 257, -0.1);
    }
  });

  it('keep their colours, and only their alpha what stands for nothing elsewhere', async () => {
    const rgb = { width: 3, kind: 'int16', channels: 3, values: [-999, -999, -999, 0, 50, 100, 100, 0, 50], noData: '-999' } as const;
    expect(await pixels(rgb, percentile)).toEqual(nearly([0, 0, 0, 0, 127.5, 255, 255, 0, 127.5]));
    const alpha = { width: 3, kind: 'float32', channels: 2, values: [-9, 5, 0, 7, 1, -9], extraSamples: [2], noData: '5' } as const;
    expect(await greys(alpha, { ...percentile, channels: 'alpha' })).toEqual(nearly([223, 255, 0]));
  });

  it('keep their colours', async () => {
    const colours = [0, 0.5, 1, 1, 0.25, 0];
    for (const [kind, scale, settings] of [
      ['float32', 1, window(0, 1)],
      ['float32', 5000, percentile],
      ['int16', 1000, window(0, 1000)],
      ['int32', 100_000, percentile],
      ['uint32', 100_000, window(0, 100_000)],
    ] as const) {
      const values = colours.map((value) => value * scale);
      expect(await pixels({ width: 2, kind, channels: 3, values }, settings)).toEqual(nearly([0, 127.5, 255, 255, 63.75, 0]));
      expect(await greys({ width: 2, kind, channels: 3, values }, { ...settings, channels: 'green' })).toEqual(nearly([127.5, 63.75]));
    }
  });

  it('are without what is behind them, which may be asked for', async () => {
    const values = [0, 9, 0.5, 7, 1, 8];
    for (const extraSamples of [[0], [2]]) {
      const file = { width: 3, kind: 'float32', channels: 2, values, extraSamples } as const;
      for (const settings of [percentile, {}]) expect(await greys(file, settings)).toEqual(nearly([0, 127.5, 255]));
      expect(await greys(file, { ...percentile, channels: 'alpha' })).toEqual(nearly([255, 0, 127.5]));
      const whole = { ...file, kind: 'int16', values: [-10, 9, 0, 7, 10, 8] } as const;
      expect(await greys(whole, percentile)).toEqual(nearly([0, 127.5, 255]));
      expect(await greys(whole, { ...percentile, channels: 'alpha' })).toEqual(nearly([255, 0, 127.5]));
    }
  });

  it('as RGB in floating point are light from 0 to 1, unless they are not', async () => {
    const light = { width: 2, kind: 'float32', channels: 3, values: [0.214, 0.214, 1, 0, 0.5, 3] } as const;
    expect(await pixels(light)).toEqual(nearly([127.5, 127.5, 255, 0, 188, 255]));
    expect(await pixels({ ...light, values: [0, 2500, 5000, 5000, 5000, 10_000] })).toEqual(nearly([0, 63.75, 127.5, 127.5, 127.5, 255]));
  });

  it('are shrunk like others', async () => {
    const values = Array.from({ length: 16 * 8 }, (_, i) => (i % 16 < 8 ? -5 : 5));
    const small = await greys({ width: 16, kind: 'float32', values }, percentile, 2);
    expect(small.map((value) => Math.round(value / 100))).toEqual([0, 0, 2, 3, 0, 0, 2, 3]);
  });

  it.each([
    ['half precision', { width: 2, kind: 'float16', values: [0x3c00, 0] }],
    ['64 bits', { width: 2, kind: 'float64', values: [0, 1] }],
    ['32 bits of CMYK', { width: 1, kind: 'uint32', channels: 4, photometric: 5, values: [1, 2, 3, 4] }],
  ] as const)('are unsupported where they cannot be had: %s', async (_, file) => {
    for (const settings of [percentile, {}])
      expect(await attempt(file, settings)).toEqual({
        ok: false,
        failure: { reason: 'unsupported', message: expect.stringMatching(/^[A-Z].*save it.*\.$/) as string },
      });
  });
});
