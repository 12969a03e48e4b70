// HEVC-coded HEIF (as iPhones write it), which sharp's build does not read: libheif in WebAssembly does.
import heicDecode from 'heic-decode';
import sharp from 'sharp';
import { RuntimeError } from '../../shared/web-assembly.ts';
import type { DecodeLimits } from './decoder.ts';
import { heifColour } from './heif-colour.ts';
import { iccTiff, mostTiffPixels } from './icc-tiff.ts';
import { checkSize, Failure } from './source.ts';
import type { Source } from './source.ts';

const heicBrands = ['heic', 'heix', 'hevc', 'hevx', 'heim', 'heis', 'mif1', 'msf1'];

/** HEVC-coded HEIF; AVIF shares the container and is left to sharp. */
export function isHeic(bytes: Buffer): boolean {
  if (bytes.length < 12 || bytes.toString('latin1', 4, 8) !== 'ftyp') return false;
  const box = Math.min(bytes.readUInt32BE(0), 64);
  const brands = bytes.toString('latin1', 8, Math.max(12, Math.min(box, bytes.length)));
  return !brands.includes('avif') && heicBrands.some((brand) => brands.includes(brand));
}

/** Bytes of refused files that libheif may keep; it has 2 GB for everything. */
const mostKept = 256 * 1024 ** 2;
/** Bytes of files that it keeps: of one that it refuses heic-decode hands out nothing by which they could be given back. */
let kept = 0;

/**
 * The images of a file. Throws `WebAssembly.RuntimeError` when refused files have filled the memory: this file goes to a new process then,
 * which holds none. Only a file before it can be the cause, so that one that is large and bad is still called bad.
 */
async function imagesOf(bytes: Buffer): ReturnType<typeof heicDecode.all> {
  if (kept > mostKept) throw new RuntimeError(`libheif holds ${kept} bytes of files that it has refused.`);
  try {
    return await heicDecode.all({ buffer: bytes });
  } catch (error) {
    kept += bytes.length;
    throw error;
  }
}

/** The first image of the file, decoded. */
async function pixelsOf(bytes: Buffer, { maxPixels }: DecodeLimits): Promise<{ width: number; height: number; data: Uint8ClampedArray }> {
  const images = await imagesOf(bytes);
  try {
    const first = images[0];
    if (!first) throw new Failure('damaged', 'The HEIC file holds no image.');
    checkSize(first.width, first.height, maxPixels);
    return await first.decode();
  } finally {
    // Else libheif keeps its copy of every file, and its 2 GB are full after some hundred photos.
    images.dispose();
  }
}

let displayP3: Promise<Uint8Array> | undefined;

/** The profile that sharp has of Display P3. */
async function displayP3Profile(): Promise<Uint8Array> {
  const white = sharp({ create: { width: 1, height: 1, channels: 3, background: '#fff' } });
  const { icc } = await sharp(await white.withIccProfile('p3').png().toBuffer()).metadata();
  return icc!;
}

/** The profile to bring the pixels to sRGB by, if they are not in it. */
async function profileOf(bytes: Buffer): Promise<Uint8Array | undefined> {
  const colour = heifColour(bytes);
  return colour === 'display-p3' ? (displayP3 ??= displayP3Profile()) : colour?.icc;
}

/** Decodes the first image. Throws a `Failure` for what is too large, `WebAssembly.RuntimeError` when libheif is at its end. */
export async function openHeic(bytes: Buffer, limits: DecodeLimits): Promise<Source> {
  const { width, height, data } = await pixelsOf(bytes, limits);
  const pixels = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const icc = await profileOf(bytes);
  if (icc && width * height <= mostTiffPixels) {
    const input = iccTiff(pixels, width, height, icc);
    return { input, format: 'heif', metadata: await sharp(input, { limitInputPixels: false }).metadata() };
  }
  const raw = { width, height, channels: 4 } as const;
  return {
    input: pixels,
    raw,
    format: 'heif',
    metadata: await sharp(Buffer.alloc(4), { raw: { ...raw, width: 1, height: 1 } }).metadata(),
  };
}
