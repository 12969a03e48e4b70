// One file → an upright 8-bit sRGB image. Runs in the decoder processes only: the files are nobody's to trust.
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import sharp from 'sharp';
import type { Sharp } from 'sharp';
import type { DecodeSettings } from '../../shared/config/preprocessing.ts';
import { RuntimeError } from '../../shared/web-assembly.ts';
import type { DecodedImage, DecodeFailure, DecodeLimits, DecodeRequest, DecodeResult } from './decoder.ts';
import { isHeic, openHeic } from './heic.ts';
import { mapIntensity } from './intensity.ts';
import { checkSize, Failure, pipeline } from './source.ts';
import type { Source } from './source.ts';
import { extraSamples, noData } from './tiff-tags.ts';

sharp.concurrency(1);
sharp.cache(false);

/** Files are read whole, so that the hash and the picture come from the same bytes. */
const largestFile = 4 * 1024 ** 3 - 1;
/** Pixels to which an SVG may be drawn: its size is only a number in the file. */
const largestDrawing = 64_000_000;

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

async function openWithSharp(bytes: Buffer, limits: DecodeLimits): Promise<Source> {
  const metadata = await sharp(bytes, { failOn: 'warning', limitInputPixels: false }).metadata();
  checkSize(metadata.width, metadata.height, metadata.format === 'svg' ? Math.min(limits.maxPixels, largestDrawing) : limits.maxPixels);
  const plain = { input: bytes, format: metadata.format, metadata };
  if (metadata.format !== 'tiff') return plain;
  const nothing = noData(bytes);
  return { ...plain, extraSamples: extraSamples(bytes), ...(nothing !== undefined && { noData: nothing }) };
}

/** Whether sharp's alpha is one: any channel behind the colours is to it, also those that a TIFF does not call so, as near infrared. */
function isOpacity({ metadata, extraSamples: extra = [] }: Source): boolean {
  if (!metadata.hasAlpha || extra.length === 0) return metadata.hasAlpha;
  const hasAlpha = extra.some((sample) => sample === 1 || sample === 2);
  if (hasAlpha && extra.length > 1)
    throw new Failure(
      'unsupported',
      'The file has transparency and further channels beside its colours: save it without the one or without the others.',
    );
  return hasAlpha;
}

/** The colours without what is behind them. At full size: to shrink them, sharp would first multiply them by what it takes for alpha. */
async function coloursAlone(image: Sharp): Promise<Sharp> {
  const { data, info } = await image.removeAlpha().toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
}

/** Lays alpha over the background, or makes the channel grey that is asked for; colour channels are picked from the result. */
function chooseChannels(image: Sharp, hasAlpha: boolean, isMapped: boolean, { channels, background }: DecodeSettings): Sharp {
  if (channels === 'alpha') {
    if (!hasAlpha) return image.removeAlpha().greyscale().linear(0, 255);
    return isMapped ? image : image.extractChannel('alpha');
  }
  const [r, g, b] = background;
  const opaque = hasAlpha && !isMapped ? image.flatten({ background: { r, g, b } }) : image;
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
  const mapped = await mapIntensity(source, settings);
  let image = mapped ?? pipeline(source);
  if (!mapped && source.metadata.hasAlpha && settings.channels !== 'alpha' && !isOpacity(source)) image = await coloursAlone(image);
  const { data, info } = await chooseChannels(
    shrink(image, originalWidth, originalHeight, shortSide),
    hasAlpha,
    mapped !== undefined,
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
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
  // The operating system's word, whatever it is: the drive, or what it is connected by. The next scan tries again.
  if (error instanceof Error && 'syscall' in error)
    return { reason: 'unreadable', message: code === 'ENOENT' ? 'The file is gone.' : `The file cannot be read (${code}).` };
  if (
    error instanceof RangeError ||
    code === 'ERR_MEMORY_ALLOCATION_FAILED' ||
    /out of memory|cannot allocate|unable to malloc/i.test(text)
  )
    return { reason: 'unreadable', message: 'There was not enough memory for this file; it is tried again when the folder is read next.' };
  if (/exceeds channel limit/i.test(text))
    return { reason: 'unsupported', message: 'The file has more than five channels: save those to look at as a file of their own.' };
  if (/samples out of range|unsupported tiff image type|whole number of bytes/i.test(text))
    return { reason: 'unsupported', message: 'The numbers of this file are of a size that is not read: save it with 8, 16 or 32 bits.' };
  if (/ExtraSamples doesn't match/i.test(text))
    return {
      reason: 'unsupported',
      message:
        'The file does not say what its channels beside the colours are (TIFF tag ExtraSamples): save it with that, or without them.',
    };
  if (/unsupported image format|not a known|is not supported|unknown file/i.test(text))
    return { reason: 'not-an-image', message: 'The contents are of no image format that is known here.' };
  if (/premature end|truncated|end of file|unexpected end|EOF|out of (order|data)|incomplete|not enough|ended prematurely/i.test(text))
    return { reason: 'truncated', message: 'The file ends before its image does.' };
  if (/exceeds pixel limit|too (large|big)|dimensions exceed/i.test(text))
    return { reason: 'too-large', message: 'The image is larger than its format or the limit allows.' };
  return { reason: 'damaged', message: `The file is damaged: ${text.split('\n')[0]!.slice(0, 200)}.` };
}

/**
 * Decodes one file; every fault of the file is a result. `onRead`: its bytes are in memory, what comes now depends on no drive. Rejects with `WebAssembly.RuntimeError` when libheif is at its end, after which
 * it decodes nothing in this process: whether the file is to blame shows in another one.
 */
export async function decodeImage(request: DecodeRequest, limits: DecodeLimits, onRead?: () => void): Promise<DecodeResult> {
  try {
    const bytes = readStable(request.path);
    onRead?.();
    const source = isHeic(bytes) ? await openHeic(bytes, limits) : await openWithSharp(bytes, limits);
    const image = await decodeSource(source, request);
    return { ok: true, image: { ...image, contentHash: createHash('sha256').update(bytes).digest('hex') } };
  } catch (error) {
    if (error instanceof RuntimeError) throw error;
    return { ok: false, failure: explain(error) };
  }
}
