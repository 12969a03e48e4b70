// For scientists: raw values (8 or 16 bits per channel) → 0–255 by percentiles of the image or by a fixed window.
import sharp from 'sharp';
import type { Metadata, Sharp } from 'sharp';
import type { DecodeSettings } from '../../shared/config/preprocessing.ts';

/** The values at two percentiles (0–100) of unsigned 16-bit values, from their histogram. */
export function percentiles(values: Uint16Array, [low, high]: readonly [number, number]): readonly [number, number] {
  const counts = new Uint32Array(65536);
  for (const value of values) counts[value]! += 1;
  const at = (percent: number): number => {
    const wanted = Math.max(1, Math.ceil((percent / 100) * values.length));
    let seen = 0;
    for (let value = 0; value < 65536; value++) {
      seen += counts[value]!;
      if (seen >= wanted) return value;
    }
    return 65535;
  };
  return [at(low), at(high)];
}

/** Maps [low, high] to 0–255 and limits what lies outside; equal bounds give 0 below and 255 above. */
export function mapValues(values: Uint16Array, low: number, high: number): Uint8Array {
  const scale = high > low ? 255 / (high - low) : Infinity;
  const result = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const distance = values[i]! - low;
    result[i] = distance <= 0 ? 0 : Math.min(255, Math.round(distance * scale));
  }
  return result;
}

/** An upright image with raw values → the same with mapped 8-bit values, without alpha; where alpha is what is wanted, that alone. */
export async function mapIntensity(image: Sharp, metadata: Metadata, settings: DecodeSettings): Promise<Sharp> {
  const isAlpha = settings.channels === 'alpha' && metadata.hasAlpha;
  const grey = isAlpha || metadata.space === 'b-w' || metadata.space === 'grey16' || metadata.channels < 3;
  const { data, info } = await (isAlpha ? image.extractChannel('alpha') : image.removeAlpha())
    .toColourspace(grey ? 'grey16' : 'rgb16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  const values = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  // libvips widens 8 bits by a shift; windows and percentiles are in the file's own numbers.
  if (metadata.depth === 'uchar') for (let i = 0; i < values.length; i++) values[i]! >>= 8;
  const [low, high] = settings.intensity === 'percentile' ? percentiles(values, settings.intensityPercentile) : settings.intensityWindow;
  const { width, height, channels } = info;
  return sharp(mapValues(values, low, high), { raw: { width, height, channels }, limitInputPixels: false });
}
