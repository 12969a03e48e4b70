import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { DecodeSettings } from '../../shared/config/preprocessing.ts';
import { decodeImage } from './decode.ts';
import { defaultLimits } from './decoder.ts';
import type { DecodeLimits, DecodedImage, DecodeResult } from './decoder.ts';
import {
  colourAt,
  coloursOf,
  distance,
  imageOf,
  plainSettings,
  quadrantColours,
  quadrantPixels,
  quadrants,
  quadrantsHeic,
} from './testing/test-images.ts';
import type { Colour } from './testing/test-images.ts';

let root = '';
beforeAll(() => void (root = mkdtempSync(join(tmpdir(), 'decode-'))));
afterAll(() => rmSync(root, { recursive: true }));

interface Options {
  readonly settings?: Partial<DecodeSettings>;
  readonly shortSide?: number;
  readonly limits?: Partial<DecodeLimits>;
}

async function attempt(
  bytes: Uint8Array | string,
  name: string,
  { settings, shortSide = 4096, limits }: Options = {},
): Promise<DecodeResult> {
  const path = join(root, name);
  writeFileSync(path, bytes);
  return decodeImage({ path, settings: { ...plainSettings, ...settings }, shortSide }, { ...defaultLimits, ...limits });
}
const decoded = async (bytes: Uint8Array | string, name: string, options?: Options): Promise<DecodedImage> =>
  imageOf(await attempt(bytes, name, options));
async function refused(bytes: Uint8Array | string, name: string, options?: Options): Promise<{ reason: string; message: string }> {
  const result = await attempt(bytes, name, options);
  if (result.ok) throw new Error(`${name} was decoded`);
  expect(result.failure.message).toMatch(/^[A-Z].*\.$/s);
  return result.failure;
}

/** 16-bit values of an own grey ramp: 0, 1000, 2000, … */
const ramp = Uint16Array.from({ length: 64 }, (_, i) => i * 1000);
const greyRamp = (): Sharp => sharp(ramp, { raw: { width: 8, height: 8, channels: 1 } }).toColourspace('grey16');
const greys = ({ pixels }: DecodedImage): number[] => [...pixels].filter((_, i) => i % 3 === 0);

describe('decoding', () => {
  it('gives the pixels, size, format and content hash of a lossless file', async () => {
    for (const format of ['png', 'webp', 'tiff', 'gif'] as const) {
      const bytes = await quadrants().toFormat(format, { lossless: true, compression: 'lzw' }).toBuffer();
      const image = await decoded(bytes, `plain.${format}`);
      expect(image).toMatchObject({ width: 64, height: 48, originalWidth: 64, originalHeight: 48, format });
      expect(image.contentHash).toBe(createHash('sha256').update(bytes).digest('hex'));
      if (format === 'gif') expect(distance(coloursOf(image), quadrantColours)).toBeLessThan(3);
      else expect(Buffer.compare(image.pixels, quadrantPixels(64, 48))).toBe(0);
    }
  });

  it('reads JPEG, AVIF and HEIC', async () => {
    expect(distance(coloursOf(await decoded(await quadrants().jpeg({ quality: 95 }).toBuffer(), 'a.jpg')), quadrantColours)).toBeLessThan(
      6,
    );
    const avif = await decoded(await quadrants().avif({ quality: 90 }).toBuffer(), 'a.avif');
    expect(distance(coloursOf(avif), quadrantColours)).toBeLessThan(8);
    const heic = await decoded(quadrantsHeic, 'a.heic');
    expect(heic).toMatchObject({ width: 64, height: 48, format: 'heif' });
    expect(distance(coloursOf(heic), quadrantColours)).toBeLessThan(12);
    const small = await decoded(quadrantsHeic, 'a.heic', { shortSide: 24 });
    expect(small).toMatchObject({ width: 32, height: 24, originalWidth: 64, originalHeight: 48 });
  });

  it('turns all eight EXIF orientations upright', async () => {
    // What a camera stores, by what its first row and first column show (EXIF 2.32, tag 0x0112): upright place → stored place.
    const [width, height] = [64, 48];
    const upright = quadrantPixels(width, height);
    const places: readonly ((row: number, column: number) => readonly [number, number])[] = [
      (row, column) => [row, column],
      (row, column) => [row, width - 1 - column],
      (row, column) => [height - 1 - row, width - 1 - column],
      (row, column) => [height - 1 - row, column],
      (row, column) => [column, row],
      (row, column) => [column, width - 1 - row],
      (row, column) => [height - 1 - column, width - 1 - row],
      (row, column) => [height - 1 - column, row],
    ];
    for (const [i, place] of places.entries()) {
      const [across, down] = i < 4 ? [width, height] : [height, width];
      const stored = new Uint8Array(upright.length);
      for (let row = 0; row < down; row++)
        for (let column = 0; column < across; column++) {
          const [y, x] = place(row, column);
          stored.set(upright.subarray(3 * (y * width + x), 3 * (y * width + x) + 3), 3 * (row * across + column));
        }
      const bytes = await sharp(stored, { raw: { width: across, height: down, channels: 3 } })
        .jpeg({ quality: 95 })
        .withMetadata({ orientation: i + 1 })
        .toBuffer();
      const image = await decoded(bytes, `orientation-${i + 1}.jpg`, { shortSide: 24 });
      expect([i + 1, image.width, image.height, image.originalWidth, image.originalHeight]).toEqual([i + 1, 32, 24, 64, 48]);
      expect(distance(coloursOf(image), quadrantColours)).toBeLessThan(12);
    }
  });

  it('shrinks to the shorter side asked for and never enlarges', async () => {
    const bytes = await quadrants(301, 200).png().toBuffer();
    const [image, as] = [await decoded(bytes, 'large.png', { shortSide: 50 }), await decoded(bytes, 'large.png', { shortSide: 500 })];
    expect([image.width, image.height, image.originalWidth, image.originalHeight]).toEqual([75, 50, 301, 200]);
    expect([as.width, as.height]).toEqual([301, 200]);
    expect(distance(coloursOf(image), quadrantColours)).toBeLessThan(3);
  });
});

describe('colour', () => {
  it('brings a wide gamut to sRGB', async () => {
    // (0.5, 0.5, 0.2) in Display P3 is another triple in sRGB; grey is the same in both.
    const p3 = await sharp(Uint8Array.from([60, 160, 60, 128, 128, 128]), { raw: { width: 2, height: 1, channels: 3 } })
      .resize(64, 32, { kernel: 'nearest', fit: 'fill' })
      .withIccProfile('p3')
      .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
      .toBuffer();
    const stored = await sharp(p3).keepIccProfile().metadata();
    expect(stored.icc).toBeDefined();
    const raw = await sharp(p3, { ignoreIcc: true }).raw().toBuffer();
    const image = await decoded(p3, 'p3.jpg');
    // The file holds what the profile asks for, and what comes out is the sRGB colour that went in.
    expect(distance([[raw[24]!, raw[25]!, raw[26]!]], [[60, 160, 60]])).toBeGreaterThan(15);
    expect(distance([colourAt(image, 0.2, 0.5)], [[60, 160, 60]])).toBeLessThan(5);
    expect(distance([colourAt(image, 0.8, 0.5)], [[128, 128, 128]])).toBeLessThan(5);
  });

  it('reads CMYK', async () => {
    const printable = quadrants().linear(0.4, 90);
    const wanted = quadrantColours.map((colour) => colour.map((value) => 0.4 * value + 90) as unknown as Colour);
    const bytes = await sharp(await printable.png().toBuffer())
      .toColourspace('cmyk')
      .jpeg({ quality: 95 })
      .toBuffer();
    expect((await sharp(bytes).metadata()).space).toBe('cmyk');
    expect(distance(coloursOf(await decoded(bytes, 'cmyk.jpg')), wanted)).toBeLessThan(15);
  });

  it('gives grey pictures three equal channels', async () => {
    const grey = quadrants().greyscale();
    for (const [name, bytes] of [
      ['grey.jpg', await grey.clone().jpeg().toBuffer()],
      ['grey.png', await grey.clone().png().toBuffer()],
    ] as const) {
      const image = await decoded(bytes, name);
      expect(image.pixels.length).toBe(64 * 48 * 3);
      for (const [r, g, b] of coloursOf(image)) expect([g, b]).toEqual([r, r]);
    }
  });

  it('lays alpha over the background that is set', async () => {
    const pixels = new Uint8Array(8 * 8 * 4);
    for (let i = 0; i < 64; i++) pixels.set([200, 100, 0, i % 8 < 4 ? 255 : i < 32 ? 0 : 128], 4 * i);
    const bytes = await sharp(pixels, { raw: { width: 8, height: 8, channels: 4 } })
      .png()
      .toBuffer();
    const image = await decoded(bytes, 'alpha.png', { settings: { background: [10, 20, 250] } });
    const wanted: Colour[] = [
      [200, 100, 0],
      [10, 20, 250],
      [200, 100, 0],
      [105, 60, 125],
    ];
    expect(distance(coloursOf(image), wanted)).toBeLessThan(3);
    const greyAlpha = await sharp(bytes).toColourspace('b-w').png().toBuffer();
    const onBlack = await decoded(greyAlpha, 'grey-alpha.png', { settings: { background: [0, 0, 0] } });
    expect(colourAt(onBlack, 0.75, 0.25)).toEqual([0, 0, 0]);
  });

  it('takes one channel when asked, alpha included', async () => {
    const bytes = await quadrants().png().toBuffer();
    for (const [c, channels] of (['red', 'green', 'blue'] as const).entries()) {
      const image = await decoded(bytes, 'channels.png', { settings: { channels } });
      expect(coloursOf(image)).toEqual(quadrantColours.map((colour) => [colour[c], colour[c], colour[c]]));
    }
    const luminance = await decoded(bytes, 'channels.png', { settings: { channels: 'luminance' } });
    for (const [r, g, b] of coloursOf(luminance)) expect([g, b]).toEqual([r, r]);
    expect(greys(luminance)[0]).toBeLessThan(greys(luminance)[40]!);
    const alpha = await quadrants().ensureAlpha(0.5).png().toBuffer();
    for (const [r, g, b] of coloursOf(await decoded(alpha, 'alpha.png', { settings: { channels: 'alpha' } }))) {
      expect(Math.abs(r - 128)).toBeLessThan(2);
      expect([g, b]).toEqual([r, r]);
    }
    for (const colour of coloursOf(await decoded(bytes, 'opaque.png', { settings: { channels: 'alpha' } })))
      expect(colour).toEqual([255, 255, 255]);
  });
});

describe('16-bit intensity', () => {
  const files = async (): Promise<readonly (readonly [string, Buffer])[]> => [
    ['ramp.png', await greyRamp().png().toBuffer()],
    ['ramp.tiff', await greyRamp().tiff({ compression: 'none' }).toBuffer()],
  ];

  it('full range maps 0–65535 to 0–255', async () => {
    for (const [name, bytes] of await files()) {
      expect((await sharp(bytes).metadata()).depth).toBe('ushort');
      greys(await decoded(bytes, name)).forEach((value, i) => expect(Math.abs(value - ramp[i]! / 257)).toBeLessThanOrEqual(1));
    }
  });

  it('a fixed window maps the file’s own values', async () => {
    for (const [name, bytes] of await files()) {
      const settings = { intensity: 'window', intensityWindow: [10_000, 20_000] } as const;
      greys(await decoded(bytes, name, { settings })).forEach((value, i) => {
        const exact = (255 * (Math.min(20_000, Math.max(10_000, ramp[i]!)) - 10_000)) / 10_000;
        expect(Math.abs(value - exact)).toBeLessThanOrEqual(0.5);
      });
    }
  });

  it('percentiles map the image’s own range', async () => {
    for (const [name, bytes] of await files()) {
      const settings = { intensity: 'percentile', intensityPercentile: [25, 75] } as const;
      greys(await decoded(bytes, name, { settings })).forEach((value, i) => {
        const exact = (255 * (Math.min(47_000, Math.max(15_000, ramp[i]!)) - 15_000)) / 32_000;
        expect(Math.abs(value - exact)).toBeLessThanOrEqual(0.5);
      });
    }
  });

  it('maps the alpha channel by its own values where that is asked for', async () => {
    const values = Uint16Array.from({ length: 4 * 64 }, (_, i) => (i % 4 === 3 ? ramp[i >> 2]! : 777 * (i % 4)));
    const deep = await sharp(values, { raw: { width: 8, height: 8, channels: 4 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    const window = { channels: 'alpha', intensity: 'window', intensityWindow: [10_000, 20_000] } as const;
    greys(await decoded(deep, 'deep-alpha.png', { settings: window })).forEach((value, i) => {
      const exact = (255 * (Math.min(20_000, Math.max(10_000, ramp[i]!)) - 10_000)) / 10_000;
      expect(Math.abs(value - exact)).toBeLessThanOrEqual(0.5);
    });
    const percentile = { channels: 'alpha', intensity: 'percentile', intensityPercentile: [25, 75] } as const;
    greys(await decoded(deep, 'deep-alpha.png', { settings: percentile })).forEach((value, i) => {
      const exact = (255 * (Math.min(47_000, Math.max(15_000, ramp[i]!)) - 15_000)) / 32_000;
      expect(Math.abs(value - exact)).toBeLessThanOrEqual(0.5);
    });
    const eight = await quadrants().ensureAlpha(0.4).png().toBuffer();
    const doubled = { channels: 'alpha', intensity: 'window', intensityWindow: [0, 204] } as const;
    for (const colour of coloursOf(await decoded(eight, 'eight-alpha.png', { settings: doubled, shortSide: 24 })))
      expect(distance([colour], [[127.5, 127.5, 127.5]])).toBeLessThan(2);
    const opaque = await decoded(await quadrants().png().toBuffer(), 'no-alpha.png', { settings: doubled });
    expect(coloursOf(opaque)).toEqual(Array(4).fill([255, 255, 255]));
  });

  it('keeps colours and turns, and counts 8-bit files in their own values', async () => {
    const bytes = await sharp(await quadrants().rotate(270).png().toBuffer())
      .png()
      .withMetadata({ orientation: 6 })
      .toBuffer();
    const settings = { intensity: 'window', intensityWindow: [0, 255] } as const;
    expect(coloursOf(await decoded(bytes, 'eight.png', { settings }))).toEqual(quadrantColours);
    const half = await decoded(bytes, 'eight.png', { settings: { intensity: 'window', intensityWindow: [0, 510] } });
    expect(
      distance(
        coloursOf(half),
        quadrantColours.map((colour) => colour.map((value) => value / 2) as unknown as Colour),
      ),
    ).toBeLessThan(1);
    const deep = await quadrants().toColourspace('rgb16').png().toBuffer();
    const rgb = await decoded(deep, 'deep.png', { settings: { intensity: 'window', intensityWindow: [0, 65535] } });
    expect(distance(coloursOf(rgb), quadrantColours)).toBeLessThan(2);
  });
});

describe('animations and drawings', () => {
  it('takes the first frame', async () => {
    const frames = await Promise.all(
      [quadrantColours[0], quadrantColours[2]].map(async ([r, g, b]) =>
        sharp({ create: { width: 20, height: 10, channels: 3, background: { r, g, b } } })
          .png()
          .toBuffer(),
      ),
    );
    const joined = sharp(frames, { join: { animated: true } });
    for (const [name, bytes] of [
      [
        'moving.gif',
        await joined
          .clone()
          .gif({ delay: [100, 100] })
          .toBuffer(),
      ],
      [
        'moving.webp',
        await joined
          .clone()
          .webp({ lossless: true, delay: [100, 100] })
          .toBuffer(),
      ],
    ] as const) {
      expect((await sharp(bytes).metadata()).pages).toBe(2);
      const image = await decoded(bytes, name);
      expect([image.width, image.height]).toEqual([20, 10]);
      expect(distance(coloursOf(image), Array<Colour>(4).fill(quadrantColours[0]))).toBeLessThan(3);
    }
  });

  const svg = (content: string, size = 'width="40" height="20"'): string =>
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${size}>${content}</svg>`;

  it('draws an SVG over the background', async () => {
    const image = await decoded(svg('<rect width="20" height="20" fill="#ff0000"/>'), 'a.svg', { settings: { background: [0, 0, 255] } });
    expect([image.width, image.height, image.format]).toEqual([40, 20, 'svg']);
    expect([colourAt(image, 0.25, 0.5), colourAt(image, 0.75, 0.5)]).toEqual([
      [255, 0, 0],
      [0, 0, 255],
    ]);
  });

  it('refuses an SVG that asks for an enormous drawing', async () => {
    expect(await refused(svg('', 'width="30000" height="30000"'), 'huge.svg')).toMatchObject({ reason: 'too-large' });
    expect((await refused(svg('', 'width="9000000" height="9000000"'), 'endless.svg')).reason).toMatch(/too-large|damaged/);
  });

  it('loads nothing that an SVG refers to', async () => {
    const secret = join(root, 'secret.png');
    writeFileSync(
      secret,
      await sharp({ create: { width: 40, height: 20, channels: 3, background: '#ff0000' } })
        .png()
        .toBuffer(),
    );
    const entity = `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY e SYSTEM "file://${secret}">]>`;
    for (const href of [secret, `file://${secret}`, 'secret.png', 'http://127.0.0.1:9/secret.png']) {
      const image = await decoded(svg(`<image width="40" height="20" href="${href}" xlink:href="${href}"/>`), 'refers.svg');
      expect(colourAt(image, 0.5, 0.5)).toEqual([255, 255, 255]);
    }
    const result = await attempt(entity + svg('<text y="15">&e;</text>'), 'entity.svg');
    if (result.ok) expect(result.image.pixels.every((value) => value === 255)).toBe(true);
  });
});

describe('bad files', () => {
  it('that are empty, or no image, or gone, are said to be', async () => {
    expect(await refused('', 'empty.jpg')).toMatchObject({ reason: 'empty' });
    expect(await refused('This is a letter and no picture.\n'.repeat(50), 'letter.jpg')).toMatchObject({ reason: 'not-an-image' });
    expect(await refused(Buffer.alloc(5000), 'zeros.png')).toMatchObject({ reason: 'not-an-image' });
    const gone = await decodeImage({ path: join(root, 'nowhere.jpg'), settings: plainSettings, shortSide: 64 }, defaultLimits);
    expect(gone).toMatchObject({ ok: false, failure: { reason: 'unreadable' } });
    const folder = await decodeImage({ path: root, settings: plainSettings, shortSide: 64 }, defaultLimits);
    expect(folder).toMatchObject({ ok: false, failure: { reason: 'not-an-image' } });
  });

  it('that are cut off are refused and not half decoded, at every length', async () => {
    vi.spyOn(console, 'log').mockImplementation(() => undefined); // libheif says there what it thinks of its input
    const noisy = sharp(
      await sharp({
        create: { width: 200, height: 150, channels: 3, background: '#888', noise: { type: 'gaussian', mean: 128, sigma: 60 } },
      })
        .png()
        .toBuffer(),
    );
    for (const [name, bytes] of [
      ['cut.jpg', await noisy.clone().jpeg().toBuffer()],
      ['cut-progressive.jpg', await noisy.clone().jpeg({ progressive: true }).toBuffer()],
      ['cut.png', await noisy.clone().png().toBuffer()],
      ['cut.webp', await noisy.clone().webp().toBuffer()],
      ['cut.gif', await noisy.clone().gif().toBuffer()],
      ['cut.tiff', await noisy.clone().tiff({ compression: 'lzw' }).toBuffer()],
      ['cut.avif', await noisy.clone().avif({ effort: 0 }).toBuffer()],
      ['cut.heic', quadrantsHeic],
    ] as const) {
      expect((await attempt(bytes, name)).ok).toBe(true);
      for (const part of [0.1, 0.5, 0.9]) {
        const { reason } = await refused(bytes.subarray(0, Math.floor(part * bytes.length)), name);
        expect([name, part, reason]).toEqual([name, part, expect.stringMatching(/^(truncated|damaged|not-an-image)$/)]);
      }
    }
    const jpeg = await noisy.clone().jpeg().toBuffer();
    expect(await refused(jpeg.subarray(0, jpeg.length / 2), 'cut.jpg')).toMatchObject({ reason: 'truncated' });
  });

  it('with other bytes in the middle give no picture or one of the right size, and never a fault of the program', async () => {
    const bytes = await quadrants(120, 90).jpeg().toBuffer();
    for (let at = 2; at < bytes.length; at += 37) {
      const damaged = Buffer.from(bytes);
      damaged.fill(0x55, at, at + 3);
      const result = await attempt(damaged, 'scratched.jpg');
      if (result.ok) expect(result.image.pixels.length).toBe(3 * result.image.width * result.image.height);
    }
  });

  it('that claim more pixels than the limit are refused by their header', async () => {
    const png = await quadrants().png().toBuffer();
    const bomb = Buffer.from(png);
    bomb.writeUInt32BE(100_000, 16);
    bomb.writeUInt32BE(100_000, 20);
    const { crc32 } = await import('node:zlib');
    bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29);
    const began = performance.now();
    const failure = await refused(bomb, 'bomb.png');
    expect(failure).toMatchObject({ reason: 'too-large' });
    expect(failure.message).toContain('100000×100000');
    expect(performance.now() - began).toBeLessThan(5000);
    expect(await refused(png, 'limit.png', { limits: { maxPixels: 64 * 48 - 1 } })).toMatchObject({ reason: 'too-large' });
    expect((await attempt(png, 'limit.png', { limits: { maxPixels: 64 * 48 } })).ok).toBe(true);
    expect(await refused(quadrantsHeic, 'limit.heic', { limits: { maxPixels: 1000 } })).toMatchObject({ reason: 'too-large' });
  });

  it('of 1×60000 pixels are a picture like any other', async () => {
    const tall = await sharp({ create: { width: 1, height: 60_000, channels: 3, background: '#336699' } })
      .png()
      .toBuffer();
    expect(await decoded(tall, 'tall.png', { shortSide: 256 })).toMatchObject({ width: 1, height: 60_000 });
    const wide = await sharp({ create: { width: 60_000, height: 1, channels: 3, background: '#336699' } })
      .jpeg()
      .toBuffer();
    expect(await decoded(wide, 'wide.jpg', { shortSide: 256 })).toMatchObject({ width: 60_000, height: 1 });
  });

  it('leave the file as it was', async () => {
    const bytes = await quadrants().jpeg().toBuffer();
    await decoded(bytes, 'same.jpg');
    expect(readFileSync(join(root, 'same.jpg')).equals(bytes)).toBe(true);
  });
});
