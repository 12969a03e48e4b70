import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config/config.ts';
import { preprocessingOf } from '../../shared/config/preprocessing.ts';
import { Random } from '../../shared/random.ts';
import { initialWeights, modelSize } from './model.ts';
import { whiteningFilters, windowValues } from './whitening-filters.ts';

const columnsOf = (weights: Float32Array, channels: number): number[][] =>
  Array.from({ length: channels }, (_, c) => Array.from({ length: windowValues }, (_, i) => weights[i * channels + c]!));
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

/** Windows of 3×3 normalised pixels from real pictures on white, (row, column, channel). */
async function windowsOfPictures(count: number): Promise<number[][]> {
  const folder = join(dirname(createRequire(import.meta.url).resolve('emoji-datasource-google/package.json')), 'img', 'google', '64');
  const names = readdirSync(folder);
  const { mean, std } = preprocessingOf(parseConfig({}));
  const random = new Random(5, 'test');
  const windows: number[][] = [];
  for (let i = 0; i < count; i++) {
    const file = join(folder, names[Math.floor((i * names.length) / count)]!);
    const { data, info } = await sharp(file)
      .flatten({ background: '#fff' })
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    for (let n = 0; n < 40; n++) {
      const [y, x] = [random.integer(info.height - 2), random.integer(info.width - 2)];
      const window: number[] = [];
      for (let row = 0; row < 3; row++)
        for (let column = 0; column < 3; column++)
          for (let c = 0; c < 3; c++) window.push((data[((y + row) * info.width + x + column) * 3 + c]! / 255 - mean[c]!) / std[c]!);
      windows.push(window);
    }
  }
  return windows;
}
const deviation = (windows: readonly number[][], filter: readonly number[]): number =>
  Math.sqrt(windows.reduce((sum, window) => sum + dot(window, filter) ** 2, 0) / windows.length);

describe('whitening filters', () => {
  it('answer about equally strongly to real pictures, which random ones do not', async () => {
    const windows = await windowsOfPictures(60);
    const spread = (weights: Float32Array): number => {
      const found = columnsOf(weights, 54).map((filter) => deviation(windows, filter));
      return Math.max(...found) / Math.min(...found);
    };
    const whitening = whiteningFilters(54, () => 0);
    for (const filter of columnsOf(whitening, 54)) {
      expect(deviation(windows, filter)).toBeGreaterThan(0.4);
      expect(deviation(windows, filter)).toBeLessThan(3);
    }
    // Without the scales the basis alone is as far from white as pictures are.
    const unit = columnsOf(whitening, 54).map((filter) => deviation(windows, filter) / Math.sqrt(dot(filter, filter)));
    expect(Math.max(...unit) / Math.min(...unit)).toBeGreaterThan(20 * spread(whitening));
  });

  it('stand beside their negatives, at right angles to all others, the strongest first', () => {
    const columns = columnsOf(
      whiteningFilters(54, () => 0),
      54,
    );
    for (let i = 0; i < 54; i += 2) {
      expect(dot(columns[i]!, columns[i + 1]!)).toBeCloseTo(-dot(columns[i]!, columns[i]!), 3);
      for (let j = 0; j < i; j += 2) {
        const cosine = dot(columns[i]!, columns[j]!) / Math.sqrt(dot(columns[i]!, columns[i]!) * dot(columns[j]!, columns[j]!));
        expect(Math.abs(cosine)).toBeLessThan(1e-6);
      }
      if (i > 0) expect(dot(columns[i]!, columns[i]!)).toBeGreaterThanOrEqual(dot(columns[i - 2]!, columns[i - 2]!) * (1 - 1e-6));
    }
    // Brightness: all of one sign.
    expect(columns[0]!.every((value) => value > 0)).toBe(true);
  });

  it('leave what there are too many channels for to chance, and begin alike with few', () => {
    let drawn = 0;
    const many = whiteningFilters(64, () => ++drawn);
    expect(drawn).toBe(10 * windowValues);
    const few = whiteningFilters(7, () => 0);
    expect(columnsOf(few, 7)).toEqual(columnsOf(many, 64).slice(0, 7));
  });
});

describe('a network whose first convolution starts with them', () => {
  const of = (settings: Readonly<Record<string, unknown>>): Record<string, Float32Array> =>
    initialWeights(
      modelSize(
        parseConfig({
          architecture: 'custom',
          width: 128,
          heads: 4,
          depth: 1,
          imageSize: 32,
          patchSize: 8,
          predictorWidth: 16,
          predictorDepth: 1,
          predictorHeads: 1,
          ...settings,
        }),
      ),
      3,
    );

  it('differs from a random one in nothing else', () => {
    const [random, whitening] = ['random', 'whitening'].map((stemStart) => of({ stem: 'convolutions', stemStart })) as [
      Record<string, Float32Array>,
      Record<string, Float32Array>,
    ];
    const different = Object.keys(random).filter((name) => random[name]!.some((value, i) => value !== whitening[name]![i]));
    expect(different).toEqual(['contextEncoder.patchEmbed.0.weight', 'targetEncoder.patchEmbed.0.weight']);
    expect(whitening['contextEncoder.patchEmbed.0.weight']).toEqual(whiteningFilters(32, () => 0));
    expect(whitening['targetEncoder.patchEmbed.0.weight']).toEqual(whitening['contextEncoder.patchEmbed.0.weight']);
  });

  it('is not one that embeds patches linearly', () => {
    expect(of({ stemStart: 'whitening' })).toEqual(of({}));
  });
});
