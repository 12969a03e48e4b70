import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeImage } from './decode.ts';
import { defaultLimits } from './decoder.ts';
import type { DecodedImage } from './decoder.ts';
import { heifColour } from './heif-colour.ts';
import { coloursOf, distance, imageOf, plainSettings, quadrantColours, quadrantsHeic } from './testing/test-images.ts';

let root = '';
let p3: Buffer;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'heif-colour-'));
  const white = sharp({ create: { width: 1, height: 1, channels: 3, background: '#fff' } });
  p3 = (await sharp(await white.withIccProfile('p3').png().toBuffer()).metadata()).icc!;
});
afterAll(() => rmSync(root, { recursive: true }));

const number = (value: number, bytes = 4): Buffer => {
  const result = Buffer.alloc(bytes);
  result.writeUIntBE(value, 0, bytes);
  return result;
};
const box = (type: string, ...parts: (Buffer | string)[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));
  return Buffer.concat([number(8 + body.length), Buffer.from(type, 'latin1'), body]);
};
const nclx = (primaries: number, transfer: number): Buffer =>
  box('colr', 'nclx', number(primaries, 2), number(transfer, 2), number(6, 2), number(0x80, 1));

/** The HEIC of the tests with another `colr` box: what encloses it grows, and what lies behind it moves. */
function withColour(colour: Buffer): Buffer {
  const at = quadrantsHeic.indexOf('colr', 0, 'latin1') - 4;
  const old = quadrantsHeic.readUInt32BE(at);
  const file = Buffer.concat([quadrantsHeic.subarray(0, at), colour, quadrantsHeic.subarray(at + old)]);
  const grown = colour.length - old;
  for (const type of ['meta', 'iprp', 'ipco']) {
    const size = file.indexOf(type, 0, 'latin1') - 4;
    file.writeUInt32BE(file.readUInt32BE(size) + grown, size);
  }
  const offset = file.indexOf('iloc', 0, 'latin1') + 4 + 4 + 2 + 2 + 4;
  file.writeUInt32BE(file.readUInt32BE(offset) + grown, offset);
  return file;
}

/** Pixels as a PNG that says they are in this profile. */
async function pngIn({ pixels, width, height }: DecodedImage, icc: Buffer): Promise<Buffer> {
  const png = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  const body = Buffer.concat([Buffer.from('iCCPp3\0\0', 'latin1'), deflateSync(icc)]);
  return Buffer.concat([png.subarray(0, 33), number(body.length - 4), body, number(crc32(body)), png.subarray(33)]);
}

async function decoded(bytes: Buffer, name: string, shortSide = 64): Promise<DecodedImage> {
  const path = join(root, name);
  writeFileSync(path, bytes);
  return imageOf(await decodeImage({ path, settings: plainSettings, shortSide }, defaultLimits));
}

describe('colours of a HEIC', () => {
  it('are brought to sRGB from Display P3, as those of a PNG are, whether a profile says so or a number', async () => {
    const stored = await decoded(quadrantsHeic, 'plain.heic');
    expect(distance(coloursOf(stored), quadrantColours)).toBeLessThan(12);
    const wanted = await decoded(await pngIn(stored, p3), 'p3.png');
    expect(distance(coloursOf(wanted), coloursOf(stored))).toBeGreaterThan(25);
    for (const [name, colour] of [
      ['profile.heic', box('colr', 'prof', p3)],
      ['restricted.heic', box('colr', 'rICC', p3)],
      ['number.heic', nclx(12, 13)],
    ] as const) {
      const image = await decoded(withColour(colour), name);
      expect(image).toMatchObject({ width: 64, height: 48, originalWidth: 64, originalHeight: 48, format: 'heif' });
      expect(Buffer.compare(image.pixels, wanted.pixels)).toBe(0);
    }
    const small = await decoded(withColour(box('colr', 'prof', p3)), 'profile.heic', 24);
    expect(small).toMatchObject({ width: 32, height: 24, originalWidth: 64, originalHeight: 48 });
  });

  it('stay as they are where they are sRGB, unknown, or in a profile that is none', async () => {
    const stored = await decoded(quadrantsHeic, 'plain.heic');
    for (const [i, colour] of [nclx(1, 13), nclx(2, 2), box('colr', 'prof', Buffer.alloc(300, 7)), box('colr', 'prof')].entries())
      expect(Buffer.compare((await decoded(withColour(colour), `same-${i}.heic`)).pixels, stored.pixels)).toBe(0);
  });
});

describe('the colour box', () => {
  const ipco = (...colours: Buffer[]): Buffer => box('ipco', box('ispe', number(0), number(4), number(4)), ...colours);
  const file = (pitm: Buffer, properties: Buffer, ipma: Buffer): Buffer =>
    Buffer.concat([box('ftyp', 'heic'), box('meta', number(0), pitm, box('iprp', properties, ipma))]);
  const profile = Buffer.alloc(200, 9);
  const both = ipco(nclx(1, 13), box('colr', 'prof', profile));

  it('is that of the primary item, in all four ways of counting', () => {
    for (const [isWideItem, isWidePlace] of [
      [false, false],
      [true, false],
      [false, true],
      [true, true],
    ]) {
      const item = (id: number, ...places: number[]): Buffer =>
        Buffer.concat([
          number(id, isWideItem ? 4 : 2),
          number(places.length, 1),
          ...places.map((place) => number(place + (isWidePlace ? 0x8000 : 0x80), isWidePlace ? 2 : 1)),
        ]);
      const ipma = box('ipma', number((isWideItem ? 2 ** 24 : 0) + Number(isWidePlace)), number(2), item(1, 1, 2), item(49, 1, 3));
      const pitm = (id: number): Buffer => box('pitm', number(isWideItem ? 2 ** 24 : 0), number(id, isWideItem ? 4 : 2));
      expect(heifColour(file(pitm(1), both, ipma))).toBeUndefined();
      expect(heifColour(file(pitm(49), both, ipma))).toEqual({ icc: profile });
      // An item that says nothing of its own, as a picture of tiles may.
      expect(heifColour(file(pitm(50), both, ipma))).toEqual({ icc: profile });
    }
  });

  it('is passed over where it is for HDR, or in disorder', () => {
    const ipma = box('ipma', number(0), number(1), number(1, 2), Buffer.from([1, 2]));
    const pitm = box('pitm', number(0), number(1, 2));
    expect(heifColour(file(pitm, ipco(nclx(12, 13)), ipma))).toBe('display-p3');
    for (const transfer of [16, 18]) expect(heifColour(file(pitm, ipco(nclx(12, transfer)), ipma))).toBeUndefined();
    const whole = file(pitm, ipco(nclx(12, 13)), ipma);
    for (let length = 0; length < whole.length; length++) expect(() => heifColour(whole.subarray(0, length))).not.toThrow();
    for (let at = 0; at < whole.length; at++) expect(() => heifColour(Buffer.from(whole).fill(255, at, at + 1))).not.toThrow();
  });
});
