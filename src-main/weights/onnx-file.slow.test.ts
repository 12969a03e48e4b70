// The exported encoder, run by onnxruntime as any program would, gives what this program embeds.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { SafetensorsFile } from '../formats/safetensors.ts';
import type { EmbeddingLayer } from '../jepa/embedding.ts';
import { patchify, relativeError } from '../jepa/testing/reference-values.ts';
import { EncoderRunner } from '../training/passes/encoder-runner.ts';
import { writeOnnxFile } from './onnx-file.ts';
import { smallCheckpoint } from './testing/small-checkpoint.ts';
import type { SmallCheckpoint } from './testing/small-checkpoint.ts';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'onnx-file-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const model = (): string => join(folder, 'encoder.onnx');
const data = (): string => join(folder, 'encoder.onnx.data');

function exported(small: SmallCheckpoint, layer: EmbeddingLayer, mostInline?: number): void {
  const checkpoint = new SafetensorsFile(small.path);
  writeOnnxFile({ model: model(), data, dataName: 'encoder.onnx.data' }, checkpoint, small.description, {
    layer,
    ...(mostInline !== undefined && { mostInline }),
  });
  checkpoint.dispose();
}

async function compare(small: SmallCheckpoint, layer: EmbeddingLayer): Promise<void> {
  const { size } = small.description;
  const side = size.grid * size.patchSize;
  const runner = await EncoderRunner.create(size, layer, { threads: 1 }, true, 3);
  await runner.hold(small.weights);
  const session = await ort.InferenceSession.create(model());
  expect([session.inputNames, session.outputNames]).toEqual([['pixel_values'], ['patch_tokens', 'embedding']]);
  for (const batch of [1, 3]) {
    const random = new Random(2, 'test', batch);
    const images = Float32Array.from({ length: batch * 3 * side * side }, () => random.normal());
    const { patch_tokens: tokens, embedding } = await session.run({
      pixel_values: new ort.Tensor('float32', images, [batch, 3, side, side]),
    });
    const expected = await runner.run(patchify(images, batch, side, size.patchSize));
    expect(tokens!.dims).toEqual([batch, size.grid ** 2, size.encoder.width]);
    expect(embedding!.dims).toEqual([batch, runner.width]);
    expect(relativeError(embedding!.data as Float32Array, expected.embedding)).toBeLessThan(1e-5);
    expect(relativeError(tokens!.data as Float32Array, expected.tokens!)).toBeLessThan(1e-5);
  }
  await session.release();
  await runner.dispose();
}

describe('the encoder as ONNX', () => {
  it.each([
    ['last', 'fixed positions', {}],
    ['last4', 'fixed positions', {}],
    ['last', 'learned positions', { positions: 'learned' }],
    ['last', 'a stem of convolutions', { stem: 'convolutions' }],
  ] as const)('embeds as this program does, one image or three: layer %s, %s', async (layer, _, settings) => {
    const small = smallCheckpoint(folder, settings);
    exported(small, layer);
    expect(existsSync(data())).toBe(false);
    await compare(small, layer);
  });

  it('keeps the weights of a large model in a file beside it', async () => {
    const small = smallCheckpoint(folder);
    exported(small, 'last', 1000);
    expect(existsSync(data())).toBe(true);
    await compare(small, 'last');
  });

  it('carries its preprocessing and uses no operators of onnxruntime’s own', () => {
    exported(smallCheckpoint(folder), 'last');
    const text = readFileSync(model()).toString('latin1');
    for (const part of ['0.4,0.5,0.6', '"imageSize":12', 'small-1', 'pixel_values', 'batch']) expect(text).toContain(part);
    expect(text).not.toContain('com.microsoft');
  });
});
