import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config.ts';
import { Random } from '../../shared/random.ts';
import { erfValue } from '../tensor/elementwise.ts';
import { evaluate } from '../tensor/reference.ts';
import { input } from '../tensor/structure.ts';
import { encoderParameters, initialWeights, modelSize } from './model.ts';
import type { ModelSize } from './model.ts';
import { embedPatch, stemLayers } from './stem.ts';
import { networkInputs } from './transformer.ts';

const sizeOf = (patchSize: number, width: number): ModelSize =>
  modelSize(parseConfig({ architecture: 'custom', width, depth: 1, heads: 1, imageSize: 6 * patchSize, patchSize, stem: 'convolutions' }));

const gelu = (x: number): number => 0.5 * x * (1 + erfValue(x / Math.SQRT2));

type Plane = readonly (readonly number[])[];
/** Convolution with stride as wide as its kernel, straight from the definition: channels of planes in, channels of planes out. */
function convolve(
  channels: readonly Plane[],
  kernel: number,
  weight: (out: number, channel: number, y: number, x: number) => number,
  bias: readonly number[],
): Plane[] {
  const side = channels[0]!.length / kernel;
  return bias.map((shift, out) =>
    Array.from({ length: side }, (_, row) =>
      Array.from({ length: side }, (_, column) => {
        let sum = shift;
        for (const [channel, plane] of channels.entries())
          for (let y = 0; y < kernel; y++)
            for (let x = 0; x < kernel; x++) sum += weight(out, channel, y, x) * plane[kernel * row + y]![kernel * column + x]!;
        return sum;
      }),
    ),
  );
}

describe('the layers of a stem', () => {
  it.each([
    [8, 128, ['12→32 at 16', '128→64 at 4', '256→128 at 1']],
    [16, 192, ['12→24 at 64', '96→48 at 16', '192→96 at 4', '384→192 at 1']],
    [14, 64, ['147→32 at 4', '128→64 at 1']],
    [4, 48, ['12→24 at 4', '96→48 at 1']],
    [6, 16, ['27→8 at 4', '32→16 at 1']],
    // Nothing to cut: one map, as it is linearly.
    [3, 16, ['27→16 at 1']],
  ])('of patches of %i px and width %i', (patchSize, width, expected) => {
    expect(stemLayers(sizeOf(patchSize, width)).map(({ inner, outer, places }) => `${inner}→${outer} at ${places}`)).toEqual(expected);
  });

  it('are one linear map by default, under its old name', () => {
    const [layer, ...others] = stemLayers(modelSize(parseConfig({ patchDeviation: 0.1 })));
    expect(others).toEqual([]);
    expect(layer).toEqual({ name: 'patchEmbed', inner: 768, outer: 192, places: 1, deviation: 0.1 });
  });
});

describe('a patch', () => {
  it.each([
    [8, 16],
    [6, 12],
    [4, 12],
  ])('of %i px becomes what convolutions of 2×2 with stride 2 make of it', (patchSize, width) => {
    const size = sizeOf(patchSize, width);
    const layers = stemLayers(size);
    const specs = encoderParameters(size).filter(({ name }) => name.startsWith('patchEmbed'));
    const random = new Random(3, 'test', patchSize);
    const values = (length: number): Float64Array => Float64Array.from({ length }, () => random.normal());
    const [batch, count] = [2, 3];
    const patches = values(batch * count * 3 * patchSize ** 2);
    const weights = Object.fromEntries(specs.map(({ name, shape }) => [`e.${name}`, values(shape.reduce((a, b) => a * b, 1))]));
    const build = embedPatch(networkInputs('e', specs), size, input('patches', [batch, count, 3 * patchSize ** 2]));
    const [tokens] = evaluate([build], { patches, ...weights });
    for (let patch = 0; patch < batch * count; patch++) {
      const at = (channel: number, y: number, x: number): number => patches[((patch * 3 + channel) * patchSize + y) * patchSize + x]!;
      let planes: Plane[] = Array.from({ length: 3 }, (_, channel) =>
        Array.from({ length: patchSize }, (_, y) => Array.from({ length: patchSize }, (_, x) => at(channel, y, x))),
      );
      layers.forEach(({ name, inner, outer, places }, layer) => {
        const weight = weights[`e.${name}.weight`]!;
        const kernel = layer === 0 ? Math.sqrt(inner / 3) : 2;
        // The first layer's inputs are (channel, row, column), those of the others (row, column, channel).
        const place = (channel: number, y: number, x: number): number =>
          layer === 0 ? (channel * kernel + y) * kernel + x : (2 * y + x) * (inner / 4) + channel;
        planes = convolve(planes, kernel, (out, channel, y, x) => weight[place(channel, y, x) * outer + out]!, [
          ...weights[`e.${name}.bias`]!,
        ]);
        if (places > 1) planes = planes.map((plane) => plane.map((row) => row.map(gelu)));
      });
      planes.forEach((plane, k) => expect(tokens![patch * width + k]!).toBeCloseTo(plane[0]![0]!, 5));
    }
  });

  it('varies as a token about as much as its pixels do at the start', () => {
    const config = parseConfig({
      architecture: 'custom',
      width: 64,
      depth: 1,
      heads: 1,
      imageSize: 32,
      patchSize: 8,
      stem: 'convolutions',
    });
    const size = modelSize(config);
    const weights = initialWeights(size, 1);
    const specs = encoderParameters(size).filter(({ name }) => name.startsWith('patchEmbed'));
    const random = new Random(4, 'test');
    const patches = Float64Array.from({ length: 64 * 192 }, () => random.normal());
    const given = Object.fromEntries(specs.map(({ name }) => [`e.${name}`, Float64Array.from(weights[`contextEncoder.${name}`]!)]));
    const build = embedPatch(networkInputs('e', specs), size, input('patches', [1, 64, 192]));
    const [tokens] = evaluate([build], { patches, ...given });
    const variance = tokens!.reduce((sum, value) => sum + value ** 2, 0) / tokens!.length;
    expect(variance).toBeGreaterThan(0.3);
    expect(variance).toBeLessThan(3);
  });
});
