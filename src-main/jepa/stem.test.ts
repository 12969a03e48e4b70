import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config/config.ts';
import { Random } from '../../shared/random.ts';
import { erfValue } from '../tensor/elementwise.ts';
import { gradients } from '../tensor/gradients.ts';
import { reachable } from '../tensor/graph.ts';
import { evaluate } from '../tensor/reference.ts';
import { blank } from '../tensor/rows.ts';
import { input, sumAll } from '../tensor/structure.ts';
import { encoderParameters, initialWeights, modelSize } from './model.ts';
import type { ModelSize } from './model.ts';
import { isMuonMatrix } from './muon.ts';
import { embedPatches, stemLayers } from './stem.ts';
import { encode, networkInputs } from './transformer.ts';

const sizeOf = (patchSize: number, width: number, extra: Readonly<Record<string, unknown>> = {}): ModelSize =>
  modelSize(
    parseConfig({
      architecture: 'custom',
      width,
      depth: 1,
      heads: 1,
      imageSize: 4 * patchSize,
      patchSize,
      contextTokens: 6,
      stem: 'convolutions',
      ...extra,
    }),
  );
const normals = (seed: number, length: number): Float64Array => {
  const random = new Random(seed, 'test');
  return Float64Array.from({ length }, () => random.normal());
};
const specsOf = (size: ModelSize) => encoderParameters(size);
const randomWeights = (size: ModelSize, seed: number): Record<string, Float64Array> =>
  Object.fromEntries(
    specsOf(size).map(({ name, shape }, i) => [
      `e.${name}`,
      normals(
        seed + i,
        shape.reduce((a, b) => a * b, 1),
      ),
    ]),
  );

describe('the layers of a stem', () => {
  it.each([
    [8, 128, ['27→32 at 16', '288→64 at 4', '576→128 at 1']],
    [16, 192, ['27→24 at 64', '216→48 at 16', '432→96 at 4', '864→192 at 1']],
    [4, 48, ['27→24 at 4', '216→48 at 1']],
    [4, 12, ['27→8 at 4', '72→12 at 1']],
    [2, 16, ['27→16 at 1']],
  ])('of patches of %i px and width %i', (patchSize, width, expected) => {
    const layers = stemLayers(sizeOf(patchSize, width));
    expect(layers.map(({ inner, outer, places }) => `${inner}→${outer} at ${places}`)).toEqual(expected);
    expect(layers.map(({ hasNorm }) => hasNorm)).toEqual(expected.map((_, i) => i < expected.length - 1));
  });

  it('are one linear map by default, under its old name', () => {
    const [layer, ...others] = stemLayers(modelSize(parseConfig({ patchDeviation: 0.1 })));
    expect(others).toEqual([]);
    expect(layer).toEqual({ name: 'patchEmbed', inner: 768, outer: 192, places: 1, hasNorm: false, deviation: 0.1 });
  });

  it('want patches that can be halved to the end', () => {
    expect(() => parseConfig({ imageSize: 84, patchSize: 14, stem: 'convolutions' })).toThrow('convolutions halve a patch');
    expect(() => parseConfig({ imageSize: 84, patchSize: 14 })).not.toThrow();
  });

  it('are orthogonalised but for the first, which sees pixels', () => {
    const moved = encoderParameters(sizeOf(8, 16))
      .map((spec) => ({ ...spec, name: `contextEncoder.${spec.name}` }))
      .filter((spec) => isMuonMatrix(spec) && spec.name.includes('patchEmbed'));
    expect(moved.map(({ name }) => name)).toEqual(['contextEncoder.patchEmbed.1.weight', 'contextEncoder.patchEmbed.2.weight']);
  });
});

type Plane = readonly (readonly number[])[];

/** One image [side, side] of channels through convolution, norm and GELU, straight from their definitions. */
function convolve(planes: readonly Plane[], weight: Float64Array, bias: Float64Array): number[][][] {
  const outer = bias.length;
  const half = planes[0]!.length / 2;
  return Array.from({ length: outer }, (_, out) =>
    Array.from({ length: half }, (__, row) =>
      Array.from({ length: half }, (___, column) => {
        let sum = bias[out]!;
        for (let y = 0; y < 3; y++)
          for (let x = 0; x < 3; x++)
            planes.forEach((plane, channel) => {
              const pixel = plane[2 * row + y - 1]?.[2 * column + x - 1] ?? 0;
              sum += pixel * weight[((3 * y + x) * planes.length + channel) * outer + out]!;
            });
        return sum;
      }),
    ),
  );
}

function normAndGelu(planes: readonly Plane[], scale: Float64Array, shift: Float64Array): number[][][] {
  const result = planes.map((plane) => plane.map((row) => [...row]));
  planes[0]!.forEach((line, y) =>
    line.forEach((_, x) => {
      const values = planes.map((plane) => plane[y]![x]!);
      const mean = values.reduce((a, b) => a + b) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
      values.forEach((value, channel) => {
        const normed = ((value - mean) / Math.sqrt(variance + 1e-6)) * scale[channel]! + shift[channel]!;
        result[channel]![y]![x] = 0.5 * normed * (1 + erfValue(normed / Math.SQRT2));
      });
    }),
  );
  return result;
}

describe('a stem of convolutions', () => {
  it.each([
    [8, 16],
    [4, 12],
    [2, 8],
  ])('of patches of %i px is 3×3 convolutions of stride 2 over the whole image', (patchSize, width) => {
    const size = sizeOf(patchSize, width);
    const [batch, grid] = [2, 4];
    const side = grid * patchSize;
    const patches = normals(7, batch * grid ** 2 * 3 * patchSize ** 2);
    const weights = randomWeights(size, 20);
    const build = embedPatches(networkInputs('e', specsOf(size)), size, input('patches', [batch, grid ** 2, 3 * patchSize ** 2]));
    const [tokens] = evaluate([build], { patches, ...weights });
    for (let image = 0; image < batch; image++) {
      let planes: Plane[] = Array.from({ length: 3 }, (_, channel) =>
        Array.from({ length: side }, (__, y) =>
          Array.from({ length: side }, (___, x) => {
            const patch = Math.floor(y / patchSize) * grid + Math.floor(x / patchSize);
            return patches[(((image * grid ** 2 + patch) * 3 + channel) * patchSize + (y % patchSize)) * patchSize + (x % patchSize)]!;
          }),
        ),
      );
      for (const { name, hasNorm } of stemLayers(size)) {
        planes = convolve(planes, weights[`e.${name}.weight`]!, weights[`e.${name}.bias`]!);
        if (hasNorm) planes = normAndGelu(planes, weights[`e.${name}.norm.weight`]!, weights[`e.${name}.norm.bias`]!);
      }
      planes.forEach((plane, k) =>
        plane.forEach((row, y) =>
          row.forEach((value, x) => {
            const token = tokens![((image * grid + y) * grid + x) * width + k]!;
            expect(Math.abs(token - value)).toBeLessThan(1e-4 * (1 + Math.abs(value)));
          }),
        ),
      );
    }
  });

  it.each([[[0, 1, 5, 6, 9, 15]], [[1, 4, 5, 6, 1, 1]]])('never shows the encoder a pixel of a hidden patch: seen are %s', (places) => {
    const size = sizeOf(4, 12);
    const [count, seen] = [16, Int32Array.from(places)];
    const tokens = encode(networkInputs('e', specsOf(size)), size, input('patches', [1, count, 48]), {
      indices: input('indices', [1, seen.length], 'int32'),
    });
    expect(tokens.shape).toEqual([1, seen.length, 12]);
    const values = { ...randomWeights(size, 3), indices: seen };
    const patches = normals(5, count * 48);
    const [before] = evaluate([tokens], { ...values, patches });
    const change = (patch: number): Float64Array => {
      const other = patches.slice();
      for (let i = 0; i < 48; i++) other[patch * 48 + i]! += 1;
      return evaluate([tokens], { ...values, patches: other })[0] as Float64Array;
    };
    for (let patch = 0; patch < count; patch++) {
      if (seen.includes(patch)) expect(change(patch), `patch ${patch}`).not.toEqual(before);
      else expect(change(patch), `patch ${patch}`).toEqual(before);
    }
  });

  it('takes back what its convolutions saw once each, and nothing blank', () => {
    const size = sizeOf(8, 16);
    const network = networkInputs('e', specsOf(size));
    const build = embedPatches(network, size, input('patches', [1, 16, 192]));
    const found = gradients([sumAll(build)], [network('patchEmbed.0.weight')]);
    const back = reachable(found).filter((node) => node.op.name === 'takeRows' && !reachable([build]).includes(node));
    const taken = back.flatMap(({ attributes }) => Array.from((attributes as { places: Int32Array }).places));
    // Of the last two convolutions, over 16 × 16 and 8 × 8 places: the first's input asks for no gradient.
    expect(taken).toHaveLength((3 * 8 - 1) ** 2 + (3 * 4 - 1) ** 2);
    expect(taken).not.toContain(blank);
  });

  it('makes tokens that vary about as much as pixels do at the start', () => {
    const size = sizeOf(8, 64);
    const weights = initialWeights(size, 1);
    const given = Object.fromEntries(specsOf(size).map(({ name }) => [`e.${name}`, Float64Array.from(weights[`contextEncoder.${name}`]!)]));
    const build = embedPatches(networkInputs('e', specsOf(size)), size, input('patches', [4, 16, 192]));
    const [tokens] = evaluate([build], { patches: normals(4, 64 * 192), ...given });
    const variance = tokens!.reduce((sum, value) => sum + value ** 2, 0) / tokens!.length;
    expect(variance).toBeGreaterThan(0.1);
    expect(variance).toBeLessThan(3);
  });
});
