import sharp from 'sharp';
import type { Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { differenceOf, digestOf, isSamePicture } from './same-picture.ts';
import type { PictureDigest } from './same-picture.ts';

interface Disc {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly colour: string;
}

/** A picture of discs on a gradient: edges, flat parts and slow changes. */
function scene(discs: readonly Disc[], width = 800, height = 600): Sharp {
  const circles = discs.map(({ x, y, radius, colour }) => `<circle cx="${x}" cy="${y}" r="${radius}" fill="${colour}"/>`).join('');
  return sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 800 600" preserveAspectRatio="none">
        <defs><linearGradient id="g" x2="1" y2="1"><stop stop-color="#345"/><stop offset="1" stop-color="#dca"/></linearGradient></defs>
        <rect width="800" height="600" fill="url(#g)"/>${circles}</svg>`,
    ),
  ).png();
}

function discsOf(seed: number): Disc[] {
  const random = new Random(seed, 'test');
  return Array.from({ length: 12 }, () => ({
    x: 800 * random.uniform(),
    y: 600 * random.uniform(),
    radius: 25 + 60 * random.uniform(),
    colour: `hsl(${Math.floor(360 * random.uniform())},70%,50%)`,
  }));
}

/** As the decode cache would have it: 256 px along the shorter side, never enlarged. */
async function digest(picture: Sharp): Promise<PictureDigest> {
  const { data, info } = await sharp(await picture.toBuffer())
    .resize(256, 256, { fit: 'outside', withoutEnlargement: true })
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return digestOf({ width: info.width, height: info.height, pixels: data });
}
const again = async (picture: Sharp): Promise<Sharp> => sharp(await picture.toBuffer());

describe('the same picture', () => {
  it.each([
    ['JPEG of quality 60', (one: Sharp) => one.jpeg({ quality: 60 })],
    ['WebP of quality 50', (one: Sharp) => one.webp({ quality: 50 })],
    ['half as large', (one: Sharp) => one.resize(400)],
    ['an eighth as large, as JPEG', (one: Sharp) => one.resize(100).jpeg({ quality: 75 })],
    ['twice as large', (one: Sharp) => one.resize(1600)],
    ['without colour profile, at an odd size', (one: Sharp) => one.resize(613)],
  ])('is it as %s', async (_, change) => {
    for (const seed of [1, 2, 3]) {
      const picture = scene(discsOf(seed));
      expect(isSamePicture(await digest(picture), await digest(change(await again(picture)))), `scene ${seed}`).toBe(true);
    }
  });

  it.each([
    ['one thing moved a little', (discs: Disc[]) => discs.map((disc, i) => (i === 11 ? { ...disc, x: disc.x + 12 } : disc))],
    ['one thing gone', (discs: Disc[]) => discs.slice(0, 11)],
    ['all moved, as by a hand that shook', (discs: Disc[]) => discs.map((disc) => ({ ...disc, x: disc.x + 8 }))],
    ['one thing of another colour', (discs: Disc[]) => discs.map((disc, i) => (i === 11 ? { ...disc, colour: '#fff' } : disc))],
  ])('is it not with %s', async (_, change) => {
    for (const seed of [1, 2, 3]) {
      const discs = discsOf(seed);
      // Where nothing lies over it.
      discs[11] = { ...discs[11]!, x: 400, y: 300, radius: 60 };
      expect(isSamePicture(await digest(scene(discs)), await digest(scene(change(discs)))), `scene ${seed}`).toBe(false);
    }
  });

  it('is it not cut, stretched, brighter or turned', async () => {
    const picture = scene(discsOf(5));
    const own = await digest(picture);
    const others = [
      (one: Sharp) => one.extract({ left: 40, top: 30, width: 720, height: 540 }),
      (one: Sharp) => one.resize(800, 560, { fit: 'fill' }),
      (one: Sharp) => one.modulate({ brightness: 1.1 }),
      (one: Sharp) => one.flop(),
    ];
    for (const change of others) expect(isSamePicture(own, await digest(change(await again(picture))))).toBe(false);
  });

  it('two fields of noise are two pictures, however faint', () => {
    const field = (seed: number): PictureDigest => {
      const random = new Random(seed, 'test');
      return digestOf({
        width: 64,
        height: 64,
        pixels: Uint8Array.from({ length: 64 * 64 * 3 }, () => 200 + Math.round(6 * random.normal())),
      });
    };
    expect(isSamePicture(field(1), field(2))).toBe(false);
    expect(isSamePicture(field(1), field(1))).toBe(true);
  });

  it('small drawings of different lines are two pictures, and each is itself as JPEG', async () => {
    const lines = (period: number): Sharp => {
      const pixels = Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (Math.floor(i / 3) % period < 2 ? 190 : 90));
      return sharp(pixels, { raw: { width: 32, height: 32, channels: 3 } }).png();
    };
    const digests = await Promise.all([3, 4, 5, 6, 7].map(async (period) => digest(lines(period))));
    digests.forEach((one, i) => digests.slice(i + 1).forEach((other) => expect(isSamePicture(one, other)).toBe(false)));
    expect(isSamePicture(digests[2]!, await digest((await again(lines(5))).jpeg({ quality: 75 })))).toBe(true);
  });

  it('the digest is the means of the areas, whatever the size', () => {
    // Left half black, right half white, 50 px wide: the areas in the middle end where the halves do.
    const pixels = new Uint8Array(50 * 30 * 3);
    for (let i = 0; i < pixels.length; i++) pixels[i] = Math.floor(i / 3) % 50 < 25 ? 0 : 255;
    const { means, aspect, shortSide } = digestOf({ width: 50, height: 30, pixels });
    expect([aspect, shortSide]).toEqual([50 / 30, 30]);
    for (let y = 0; y < 32; y++) for (let x = 0; x < 32; x++) expect(means[3 * (32 * y + x)]).toBe(x < 16 ? 0 : 255);
    const one = digestOf({ width: 1, height: 1, pixels: Uint8Array.of(9, 99, 199) });
    expect([...one.means.subarray(0, 6)]).toEqual([9, 99, 199, 9, 99, 199]);
    for (const areas of [8, 16, 32]) expect(differenceOf(one, one, areas)).toEqual({ rms: 0, relative: 0, largest: 0 });
  });
});
