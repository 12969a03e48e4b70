// For scientists: raw values → 0–255 by percentiles of the image or by a fixed window.
import sharp from 'sharp';
import type { Sharp } from 'sharp';
import type { DecodeSettings } from '../../shared/config/preprocessing.ts';
import { hasOwnNumbers, isLight, numberPercentiles, readNumbers } from './numbers.ts';
import type { Numbers } from './numbers.ts';
import { pipeline } from './source.ts';
import type { Source } from './source.ts';

/** The values at two percentiles (0–100) of unsigned 16-bit values that are not `none`, from their histogram. */
export function percentiles(values: Uint16Array, [low, high]: readonly [number, number], none = Number.NaN): readonly [number, number] {
  const counts = new Uint32Array(65536);
  for (const value of values) counts[value]! += 1;
  let count = values.length;
  // Of no whole number in this range there are none.
  const left = counts[none];
  if (left !== undefined) {
    count -= left;
    counts[none] = 0;
  }
  const at = (percent: number): number => {
    const wanted = Math.max(1, Math.ceil((percent / 100) * count));
    let seen = 0;
    for (let value = 0; value < 65536; value++) {
      seen += counts[value]!;
      if (seen >= wanted) return value;
    }
    return 65535;
  };
  return [at(low), at(high)];
}

/** Maps [low, high] to 0–255 and limits what lies outside; equal bounds give 0 below and 255 above, what is no number or is `none` gives 0. */
export function mapValues(values: Uint16Array | Numbers, low: number, high: number, none = Number.NaN): Uint8Array {
  const scale = high > low ? 255 / (high - low) : Infinity;
  const result = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const distance = value - low;
    result[i] = distance <= 0 || value === none ? 0 : Math.min(255, Math.round(distance * scale));
  }
  return result;
}

/** As `mapIntensity`, of 8 and 16 bits without a sign. */
async function mapPlain(source: Source, isAlpha: boolean, settings: DecodeSettings): Promise<Sharp> {
  const { metadata } = source;
  const image = pipeline(source);
  const grey = isAlpha || metadata.space === 'b-w' || metadata.space === 'grey16' || metadata.channels < 3;
  const { data, info } = await (isAlpha ? image.extractChannel('alpha') : image.removeAlpha())
    .toColourspace(grey ? 'grey16' : 'rgb16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  const values = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  // libvips widens 8 bits by a shift; windows and percentiles are in the file's own numbers.
  if (metadata.depth === 'uchar') for (let i = 0; i < values.length; i++) values[i]! >>= 8;
  const none = isAlpha ? undefined : source.noData;
  const [low, high] =
    settings.intensity === 'percentile' ? percentiles(values, settings.intensityPercentile, none) : settings.intensityWindow;
  const { width, height, channels } = info;
  return sharp(mapValues(values, low, high, none), { raw: { width, height, channels }, limitInputPixels: false });
}

/**
 * As `mapIntensity`, of other numbers. Of these no range of the type says what is black and white: where all of it is asked for, each image
 * has its own, but for RGB that is light from 0 to 1, which undefined leaves to sharp.
 */
async function mapNumbers(source: Source, isAlpha: boolean, settings: DecodeSettings): Promise<Sharp | undefined> {
  const { intensity, intensityPercentile, intensityWindow } = settings;
  const mayBeLight = intensity === 'full' && isLight(source.metadata);
  if (mayBeLight && isAlpha) return undefined;
  const { values, width, height, channels } = await readNumbers(source, isAlpha);
  const none =
    isAlpha || source.noData === undefined ? undefined : values instanceof Float32Array ? Math.fround(source.noData) : source.noData;
  if (mayBeLight) {
    const [median] = numberPercentiles(values, [50, 50], none);
    if (median >= 0 && median <= 1) return undefined;
  }
  const [low, high] =
    intensity === 'window' ? intensityWindow : numberPercentiles(values, intensity === 'full' ? [0, 100] : intensityPercentile, none);
  return sharp(mapValues(values, low, high, none), { raw: { width, height, channels }, limitInputPixels: false });
}

/**
 * An upright image with its values mapped to 8 bits, without alpha; where alpha is what is wanted, that alone. Undefined where they are to be
 * taken as they are.
 */
export async function mapIntensity(source: Source, settings: DecodeSettings): Promise<Sharp | undefined> {
  const isAlpha = settings.channels === 'alpha' && source.metadata.hasAlpha;
  if (hasOwnNumbers(source.metadata)) return mapNumbers(source, isAlpha, settings);
  return settings.intensity === 'full' ? undefined : mapPlain(source, isAlpha, settings);
}
