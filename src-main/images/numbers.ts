// Numbers of other kinds than 8 and 16 bits without a sign: floating point, 32 bits, signed. libvips would cut them to those, so they are
// read as they are in the file.
import type { Metadata } from 'sharp';
import { Failure, pipeline } from './source.ts';
import type { Source } from './source.ts';
import { asUnsigned } from './tiff-tags.ts';

export type Numbers = Float32Array | Int32Array | Uint32Array;

export interface NumberImage {
  readonly values: Numbers;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** Whether the values of a file are numbers that libvips would cut. Those of Lab have a range that it knows. */
export const hasOwnNumbers = ({ depth, space }: Metadata): boolean => depth !== 'uchar' && depth !== 'ushort' && !space.startsWith('lab');
/** RGB in floating point, which by convention is linear light: 0 is black, 1 is white. */
export const isLight = ({ depth, space }: Metadata): boolean => depth === 'float' && space === 'scrgb';

const arrays = { float: Float32Array, int: Int32Array, uint: Uint32Array } as const;

const unsupported = (): Failure =>
  new Failure(
    'unsupported',
    'The numbers of this file are of a kind that is not read: save it as grey or RGB, with 8 or 16 bits or with 32 bits of floating point.',
  );

/** Signed 16-bit grey, which libvips cuts at 0 wherever it reads it: its bits are read as unsigned and taken for what they are. */
async function readSignedGrey(source: Source, isAlpha: boolean): Promise<NumberImage> {
  const input = source.input instanceof Uint8Array ? asUnsigned(source.input) : undefined;
  if (!input) throw unsupported();
  const image = pipeline({ ...source, input }, { ignoreIcc: true });
  const { data, info } = await (isAlpha ? image.extractChannel('alpha') : image.removeAlpha())
    .toColourspace('grey16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  return { values: Int32Array.from(new Int16Array(data.buffer, data.byteOffset, data.length / 2)), width, height, channels: 1 };
}

/** The numbers of an upright image as they are in the file, without alpha; of its alpha alone where that is asked for. Throws a `Failure`. */
export async function readNumbers(source: Source, isAlpha: boolean): Promise<NumberImage> {
  const { metadata } = source;
  const { space, depth: kind } = metadata;
  if (space === 'grey16' && kind === 'short') return readSignedGrey(source, isAlpha);
  if (space !== 'b-w' && !(space === 'srgb' && kind !== 'float') && !(isLight(metadata) && !isAlpha)) throw unsupported();
  // Without a change of colours nothing is cut, and grey becomes three times the same.
  const image = pipeline(source, { ignoreIcc: true });
  const chosen = isAlpha ? image.extractChannel('alpha') : space === 'b-w' ? image.extractChannel(0) : image.removeAlpha();
  const depth = kind === 'float' || kind === 'uint' ? kind : 'int';
  const { data, info } = await (isLight(metadata) ? chosen.toColourspace('scrgb') : chosen)
    .raw({ depth })
    .toBuffer({ resolveWithObject: true });
  const values = new arrays[depth](data.buffer, data.byteOffset, data.length / 4);
  const { width, height } = info;
  return { values, width, height, channels: info.channels === 1 ? 1 : 3 };
}

const signBit = 0x80000000 | 0;
/** Bits of the largest float; beyond it are infinity and what is no number. */
const largest = 0x7f7fffff;

/** In the counts of values, lowest first: the place of the value at a rank (1 is the lowest), and its rank among those of that place. */
function placeOf(counts: Uint32Array, rank: number): readonly [place: number, rank: number] {
  let left = rank;
  let place = 0;
  while (place < counts.length - 1 && left > counts[place]!) left -= counts[place++]!;
  return [place, left];
}

/**
 * The values at two percentiles (0–100), of those that are finite and not `none`, zeros where there are none. The largest float of either sign
 * counts as little as infinity: programs for maps write it where they know nothing.
 */
export function numberPercentiles(values: Numbers, [low, high]: readonly [number, number], none = Number.NaN): readonly [number, number] {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  const isFloat = values instanceof Float32Array;
  // Keys whose order without a sign is that of the numbers: of a negative float all bits are turned, of others that have a sign only this.
  const turned = isFloat ? -1 : 0;
  const flip = values instanceof Uint32Array ? 0 : signBit;
  const limit = isFloat ? largest : 2 ** 31;
  // First by the upper half of the keys, then by the lower one of those that share it.
  const upper = new Uint32Array(65536);
  for (let i = 0; i < bits.length; i++) {
    const one = bits[i]!;
    if ((one & ~signBit) < limit && values[i] !== none) upper[(one ^ (((one >> 31) & turned) | flip)) >>> 16]! += 1;
  }
  const count = upper.reduce((sum, each) => sum + each, 0);
  if (count === 0) return [0, 0];
  const [[lowHalf, lowRank], [highHalf, highRank]] = [low, high].map((percent) =>
    placeOf(upper, Math.max(1, Math.ceil((percent / 100) * count))),
  ) as [readonly [number, number], readonly [number, number]];
  const [lowCounts, highCounts] = [new Uint32Array(65536), new Uint32Array(65536)];
  for (let i = 0; i < bits.length; i++) {
    const one = bits[i]!;
    if ((one & ~signBit) >= limit || values[i] === none) continue;
    const key = one ^ (((one >> 31) & turned) | flip);
    if (key >>> 16 === lowHalf) lowCounts[key & 0xffff]! += 1;
    if (key >>> 16 === highHalf) highCounts[key & 0xffff]! += 1;
  }
  const keys = [(lowHalf << 16) | placeOf(lowCounts, lowRank)[0], (highHalf << 16) | placeOf(highCounts, highRank)[0]];
  const found = Int32Array.from(keys, (key) => key ^ ((~(key >> 31) & turned) | flip)).buffer;
  const [first, last] = isFloat ? new Float32Array(found) : flip === 0 ? new Uint32Array(found) : new Int32Array(found);
  return [first!, last!];
}
