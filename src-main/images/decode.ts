// One file → an upright 8-bit sRGB image. Runs in the decoder processes only: the files are nobody's to trust.
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import heicDecode from 'heic-decode';
import sharp from 'sharp';
import type { Metadata, Sharp, SharpInput } from 'sharp';
import type { DecodeSettings } from '../../shared/preprocessing.ts';
import type { DecodedImage, DecodeFailure, DecodeLimits, DecodeRequest, DecodeResult, FailureReason } from './decoder.ts';
import { mapIntensity } from './intensity.ts';

sharp.concurrency(1);
sharp.cache(false);

/** Files are read whole, so that the hash and the picture come from the same bytes. */
const largestFile = 4 * 1024 ** 3 - 1;
/** Pixels to which an SVG may be drawn: its size is only a number in the file. */
const largestDrawing = 64_000_000;

class Failure extends Error {
  readonly reason: FailureReason;
  constructor(reason: FailureReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The whole file, hash and picture being of the same bytes. Synchronous, because a decoder has nothing else to do. */
function readStable(path: string): Buffer {
  const before = statSync(path);
  if (!before.isFile()) throw new Failure('not-an-image', 'This is no regular file.');
  if (before.size === 0) throw new Failure('empty', 'The file is empty.');
  if (before.size > largestFile) throw new Failure('too-large', 'The file is larger than 4 GB.');
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.allocUnsafeSlow(before.size);
    let length = 0;
    for (let count = 1; count > 0 && length < bytes.length; length += count)
      count = readSync(file, bytes, length, Math.min(bytes.length - length, 2 ** 30), null);
    const after = fstatSync(file);
    if (length !== after.size || after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
      throw new Failure('changed-while-reading', 'The file changed while it was read; it is tried again when the folder is read next.');
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}

const heicBrands = ['heic', 'heix', 'hevc', 'hevx', 'heim', 'heis', 'mif1', 'msf1'];

/** HEVC-coded HEIF, which sharp's build does not read; AVIF shares the container and is left to sharp. */
function isHeic(bytes: Buffer): boolean {
  if (bytes.length < 12 || bytes.toString('latin1', 4, 8) !== 'ftyp') return false;
  const box = Math.min(bytes.readUInt32BE(0), 64);
  const brands = bytes.toString('latin1', 8, Math.max(12, Math.min(box, bytes.length)));
  return !brands.includes('avif') && heicBrands.some((brand) => brands.includes(brand));
}

function checkSize(width: number, height: number, limit: number): void {
  if (width * height > limit) {
    const millions = (pixels: number): string => (pixels / 1e6).toFixed(pixels < 1e7 ? 1 : 0);
    throw new Failure(
      'too-large',
      `The image has ${width}×${height} = ${millions(width * height)} million pixels; the limit is ${millions(limit)}.`,
    );
  }
}

interface Source {
  readonly input: SharpInput;
  readonly raw?: { readonly width: number; readonly height: number; readonly channels: 4 };
  readonly format: string;
  readonly metadata: Metadata;
}

async function openHeic(bytes: Buffer, limits: DecodeLimits): Promise<Source> {
  const images = await heicDecode.all({ buffer: bytes });
  const first = images[0];
  if (!first) throw new Failure('damaged', 'The HEIC file holds no image.');
  checkSize(first.width, first.height, limits.maxPixels);
  const { width, height, data } = await first.decode();
  const raw = { width, height, channels: 4 } as const;
  return {
    input: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    raw,
    format: 'heif',
    metadata: await sharp(Buffer.alloc(4), { raw: { ...raw, width: 1, height: 1 } }).metadata(),
  };
}

async function openWithSharp(bytes: Buffer, limits: DecodeLimits): Promise<Source> {
  const metadata = await sharp(bytes, { failOn: 'warning', limitInputPixels: false }).metadata();
  checkSize(metadata.width, metadata.height, metadata.format === 'svg' ? Math.min(limits.maxPixels, largestDrawing) : limits.maxPixels);
  return { input: bytes, format: metadata.format, metadata };
}

function pipeline({ input, raw }: Source): Sharp {
  return sharp(input, { failOn: 'warning', limitInputPixels: false, ...(raw && { raw }) }).autoOrient();
}

/** Lays alpha over the background, or makes the channel grey that is asked for; colour channels are picked from the result. */
function chooseChannels(image: Sharp, hasAlpha: boolean, { channels, background }: DecodeSettings): Sharp {
  if (channels === 'alpha') return hasAlpha ? image.extractChannel('alpha') : image.removeAlpha().greyscale().linear(0, 255);
  const [r, g, b] = background;
  const opaque = hasAlpha ? image.flatten({ background: { r, g, b } }) : image;
  return channels === 'luminance' ? opaque.greyscale() : opaque;
}

/** One of `channels` interleaved channels as three equal ones. */
function spread(pixels: Buffer, channels: number, from: number): Uint8Array {
  const result = new Uint8Array((pixels.length / channels) * 3);
  for (let i = 0, at = from; i < result.length; i += 3, at += channels) result[i] = result[i + 1] = result[i + 2] = pixels[at]!;
  return result;
}

const colourChannels = { red: 0, green: 1, blue: 2 } as const;

function shrink(image: Sharp, width: number, height: number, shortSide: number): Sharp {
  if (Math.min(width, height) <= shortSide) return image;
  return width < height ? image.resize({ width: shortSide }) : image.resize({ height: shortSide });
}

async function decodeSource(source: Source, request: DecodeRequest): Promise<Omit<DecodedImage, 'contentHash'>> {
  const { settings, shortSide } = request;
  const size = source.raw ?? source.metadata.autoOrient;
  const [originalWidth, originalHeight] = [size.width, size.height];
  const hasAlpha = source.raw !== undefined || source.metadata.hasAlpha;
  const isGrey = settings.channels === 'luminance' || settings.channels === 'alpha';
  let image = pipeline(source);
  if (settings.intensity !== 'full') image = await mapIntensity(image, source.metadata, settings);
  const { data, info } = await chooseChannels(
    shrink(image, originalWidth, originalHeight, shortSide),
    hasAlpha && settings.intensity === 'full',
    settings,
  )
    .toColourspace(isGrey ? 'b-w' : 'srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const channel = isGrey || settings.channels === 'rgb' ? 0 : colourChannels[settings.channels];
  const pixels =
    settings.channels === 'rgb' && info.channels === 3
      ? new Uint8Array(data.buffer, data.byteOffset, data.length)
      : spread(data, info.channels, Math.min(channel, info.channels - 1));
  return { width: info.width, height: info.height, pixels, originalWidth, originalHeight, format: source.format };
}

function explain(error: unknown): DecodeFailure {
  if (error instanceof Failure) return { reason: error.reason, message: error.message };
  const text = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'EACCES' || code === 'EPERM' || code === 'EIO') {
    return { reason: 'unreadable', message: code === 'ENOENT' ? 'The file is gone.' : `The file cannot be read (${code}).` };
  }
  if (/unsupported image format|not a known|is not supported|unknown file/i.test(text))
    return { reason: 'not-an-image', message: 'The contents are of no image format that is known here.' };
  if (/premature end|truncated|end of file|unexpected end|EOF|out of (order|data)|incomplete|not enough|ended prematurely/i.test(text))
    return { reason: 'truncated', message: 'The file ends before its image does.' };
  if (/exceeds pixel limit|too (large|big)|dimensions exceed/i.test(text))
    return { reason: 'too-large', message: 'The image is larger than its format or the limit allows.' };
  return { reason: 'damaged', message: `The file is damaged: ${text.split('\n')[0]!.slice(0, 200)}.` };
}

/** Decodes one file; every fault of the file is a result. */
export async function decodeImage(request: DecodeRequest, limits: DecodeLimits): Promise<DecodeResult> {
  try {
    const bytes = readStable(request.path);
    const source = isHeic(bytes) ? await openHeic(bytes, limits) : await openWithSharp(bytes, limits);
    const image = await decodeSource(source, request);
    return { ok: true, image: { ...image, contentHash: createHash('sha256').update(bytes).digest('hex') } };
  } catch (error) {
    return { ok: false, failure: explain(error) };
  }
}
