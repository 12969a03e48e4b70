// Weights read from the authors' checkpoint and from a Hugging Face folder give the tokens that their own programs gave.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { patchValues, tokenCount } from '../jepa/model.ts';
import { fixturesFolder, patchify, readJson, readTensors, relativeError } from '../jepa/testing/reference-values.ts';
import { encode, encoderInputs } from '../jepa/transformer.ts';
import { OnnxSession } from '../runtime/onnx-session.ts';
import { lowerOnnx } from '../tensor/lower-onnx.ts';
import { input } from '../tensor/structure.ts';
import type { ForeignWeights } from './foreign-weights.ts';
import { readForeignWeights } from './read-foreign-weights.ts';

/** Stated by the fixtures' README; the README expects 1e-5. */
const tolerance = 2e-4;

/** Tokens of one of the encoders for images [B, 3, S, S]. */
async function tokensOf(
  { size, weights }: ForeignWeights,
  prefix: 'contextEncoder' | 'targetEncoder',
  images: Float32Array,
): Promise<Float32Array> {
  const side = size.grid * size.patchSize;
  const batch = images.length / (3 * side * side);
  const patches = input('patches', [batch, tokenCount(size), patchValues(size)]);
  const session = await OnnxSession.create(lowerOnnx({ tokens: encode(encoderInputs(prefix, size), size, patches) }), { threads: 1 });
  const results = await session.run({ ...weights, patches: patchify(images, batch, side, size.patchSize) });
  await session.dispose();
  return results['tokens']!;
}

describe("the authors' checkpoint", () => {
  const { heads } = readJson<{ heads: number }>('step.json');
  const read = readForeignWeights(join(fixturesFolder, 'authors-checkpoint.pth.tar'), heads);
  const outputs = readTensors('authors-checkpoint-outputs.safetensors');
  const images = outputs.get('images')!.data as Float32Array;

  it('has both encoders and the predictor, and is embedded with the target encoder', () => {
    expect(read.encoder).toBe('target');
    expect(new Set(Object.keys(read.weights).map((name) => name.split('.')[0]))).toEqual(
      new Set(['targetEncoder', 'contextEncoder', 'predictor']),
    );
    const [batch, tokens, width] = outputs.get('target_encoder_tokens')!.shape;
    expect([batch, tokenCount(read.size), read.size.encoder.width]).toEqual([batch, tokens, width]);
  });

  it.each([
    ['contextEncoder', 'encoder_tokens'],
    ['targetEncoder', 'target_encoder_tokens'],
  ] as const)('%s gives their tokens', async (prefix, name) => {
    const error = relativeError(await tokensOf(read, prefix, images), outputs.get(name)!.data);
    expect(error).toBeLessThan(tolerance);
  });

  it('tells the two encoders apart', async () => {
    expect(relativeError(await tokensOf(read, 'contextEncoder', images), outputs.get('target_encoder_tokens')!.data)).toBeGreaterThan(
      tolerance,
    );
  });
});

describe("Hugging Face's folder", () => {
  const folder = join(fixturesFolder, 'huggingface');
  const read = readForeignWeights(folder);
  const outputs = readTensors('huggingface-outputs.safetensors');

  it('has the sizes of its config', () => {
    const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Record<string, number>;
    const { encoder, grid, patchSize } = read.size;
    expect([encoder.width, encoder.depth, encoder.heads, encoder.hidden, grid * patchSize, patchSize]).toEqual(
      ['hidden_size', 'num_hidden_layers', 'num_attention_heads', 'intermediate_size', 'image_size', 'patch_size'].map(
        (key) => config[key],
      ),
    );
    expect(read.encoder).toBe('context');
  });

  it('gives its last hidden state', async () => {
    const tokens = await tokensOf(read, 'contextEncoder', outputs.get('pixel_values')!.data as Float32Array);
    expect(relativeError(tokens, outputs.get('last_hidden_state')!.data)).toBeLessThan(tolerance);
  });
});
