// Weights read from the authors' checkpoint and from a Hugging Face folder give the tokens that their own programs gave.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SafetensorsFile, writeSafetensors } from '../formats/safetensors.ts';
import { SafetensorsFolder } from '../formats/sharded-safetensors.ts';
import type { TensorSource } from '../formats/tensor-source.ts';
import { TorchCheckpoint } from '../formats/torch-checkpoint.ts';
import { authorsEncoder, authorsPredictor, huggingFaceEncoder } from '../jepa/foreign-names.ts';
import { patchValues, targetParameters, tokenCount, trainedParameters } from '../jepa/model.ts';
import { fixturesFolder, patchify, readJson, readTensors, relativeError } from '../jepa/testing/reference-values.ts';
import { encode, encoderInputs } from '../jepa/transformer.ts';
import { OnnxSession } from '../runtime/onnx-session.ts';
import { lowerOnnx } from '../tensor/lower-onnx.ts';
import { input } from '../tensor/structure.ts';
import { foreignTensors } from './foreign-tensors.ts';
import type { ForeignWeights } from './foreign-weights.ts';
import { readForeignWeights } from './read-foreign-weights.ts';

/** Stated by the fixtures' README; the README expects 1e-5. */
const tolerance = 2e-4;

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'foreign-weights-'))));
afterAll(() => rmSync(folder, { recursive: true }));

/** A checkpoint of this program with these weights. */
function stored({ size, weights }: ForeignWeights): SafetensorsFile {
  const shapes = new Map([...trainedParameters(size), ...targetParameters(size)].map(({ name, shape }) => [name, shape]));
  const path = join(folder, 'checkpoint.safetensors');
  writeSafetensors(
    path,
    Object.entries(weights).map(([name, data]) => ({ name, data, shape: shapes.get(name)! })),
  );
  return new SafetensorsFile(path);
}

/** Everything that is written has its name, shape and bits in the original. */
function expectSame(written: ReturnType<typeof foreignTensors>, original: TensorSource): void {
  for (const { name, shape, data } of written) {
    expect(original.tensors.get(name)?.shape, name).toEqual(shape);
    const values = typeof data === 'function' ? data() : (data as Float32Array);
    const expected = original.readFloat32(name);
    // Fixed positions are computed anew: the last bits of a sine depend on the mathematical library.
    if (name.includes('pos')) expect(relativeError(values, expected), name).toBeLessThan(1e-6);
    else expect(Buffer.from(values.buffer, values.byteOffset, values.byteLength).equals(Buffer.from(expected.buffer)), name).toBe(true);
  }
}

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

  it('is written again with the same names, shapes and bits', () => {
    const original = new TorchCheckpoint(join(fixturesFolder, 'authors-checkpoint.pth.tar'));
    const checkpoint = stored(read);
    const written = [
      ...foreignTensors(checkpoint, authorsEncoder(read.size), 'contextEncoder', 'encoder.module.'),
      ...foreignTensors(checkpoint, authorsPredictor(read.size), 'predictor', 'predictor.module.'),
      ...foreignTensors(checkpoint, authorsEncoder(read.size), 'targetEncoder', 'target_encoder.module.'),
    ];
    expectSame(written, original);
    expect(written.map(({ name }) => name).toSorted()).toEqual(
      [...original.tensors.keys()].filter((name) => name.includes('.module.')).toSorted(),
    );
    checkpoint.dispose();
    original.dispose();
  });

  it('tells the two encoders apart', async () => {
    expect(relativeError(await tokensOf(read, 'contextEncoder', images), outputs.get('target_encoder_tokens')!.data)).toBeGreaterThan(
      tolerance,
    );
  });
});

describe("Hugging Face's folder", () => {
  const given = join(fixturesFolder, 'huggingface');
  const read = readForeignWeights(given);
  const outputs = readTensors('huggingface-outputs.safetensors');

  it('has the sizes of its config', () => {
    const config = JSON.parse(readFileSync(join(given, 'config.json'), 'utf8')) as Record<string, number>;
    const { encoder, grid, patchSize } = read.size;
    expect([encoder.width, encoder.depth, encoder.heads, encoder.hidden, grid * patchSize, patchSize]).toEqual(
      ['hidden_size', 'num_hidden_layers', 'num_attention_heads', 'intermediate_size', 'image_size', 'patch_size'].map(
        (key) => config[key],
      ),
    );
    expect(read.encoder).toBe('context');
  });

  it('is written again with the same names, shapes and bits', () => {
    const original = new SafetensorsFolder(given);
    const checkpoint = stored(read);
    const written = foreignTensors(checkpoint, huggingFaceEncoder(read.size), 'contextEncoder', '');
    expectSame(written, original);
    expect(written.map(({ name }) => name).toSorted()).toEqual([...original.tensors.keys()].toSorted());
    checkpoint.dispose();
    original.dispose();
  });

  it('gives its last hidden state', async () => {
    const tokens = await tokensOf(read, 'contextEncoder', outputs.get('pixel_values')!.data as Float32Array);
    expect(relativeError(tokens, outputs.get('last_hidden_state')!.data)).toBeLessThan(tolerance);
  });
});
