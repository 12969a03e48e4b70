import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SafetensorsFile, writeSafetensors } from '../formats/safetensors.ts';
import type { TensorToWrite } from '../formats/safetensors.ts';
import { refusalOf } from '../formats/testing/refusal.ts';
import { writeAuthorsFile } from './authors-file.ts';
import type { StatedPreprocessing } from './foreign-weights.ts';
import { writeHuggingFaceFolder } from './huggingface-folder.ts';
import { readForeignWeights } from './read-foreign-weights.ts';
import { huggingFaceFiles, smallCheckpoint } from './testing/small-checkpoint.ts';
import type { SmallCheckpoint } from './testing/small-checkpoint.ts';

let root: string;
let folder: string;
let cases = 0;
beforeAll(() => void (root = mkdtempSync(join(tmpdir(), 'weights-'))));
beforeEach(() => mkdirSync((folder = join(root, String(cases++)))));
afterAll(() => rmSync(root, { recursive: true }));

function withCheckpoint<T>({ path }: SmallCheckpoint, use: (file: SafetensorsFile) => T): T {
  const file = new SafetensorsFile(path);
  try {
    return use(file);
  } finally {
    file.dispose();
  }
}

function exportHuggingFace(small: SmallCheckpoint): string {
  withCheckpoint(small, (file) => writeHuggingFaceFolder(huggingFaceFiles(folder), file, small.description));
  return folder;
}

function exportAuthors(small: SmallCheckpoint): string {
  const path = join(folder, 'model.safetensors');
  withCheckpoint(small, (file) => writeAuthorsFile(path, file, small.description));
  return path;
}

function tensorsOf(path: string): TensorToWrite[] {
  const file = new SafetensorsFile(path);
  const tensors = [...file.tensors].map(([name, { shape }]) => ({ name, shape, data: file.readFloat32(name) }));
  file.dispose();
  return tensors;
}

const preprocessingOf = ({ description }: SmallCheckpoint): StatedPreprocessing => {
  const { imageSize: _size, mean: _mean, std: _std, ...preprocessing } = description.preprocessing;
  return preprocessing;
};

const only = (weights: Readonly<Record<string, Float32Array>>, prefix: string): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(weights).filter(([name]) => name.startsWith(`${prefix}.`)));

describe.each([
  ['fixed positions', { positions: 'sine-cosine' }],
  ['learned positions', { positions: 'learned' }],
  ['a stem of convolutions', { stem: 'convolutions', imageSize: 24, patchSize: 8 }],
  ['a predictor of other heads', { predictorHeads: 3 }],
  [
    'a preprocessing of their own',
    { channels: 'luminance', fit: 'pad', background: [1, 2, 3], intensity: 'window', intensityWindow: [1, 9] },
  ],
] as const)('exported weights with %s', (_, settings) => {
  it("come back from a file with the authors' names, bit for bit", () => {
    const small = smallCheckpoint(folder, settings);
    const read = readForeignWeights(exportAuthors(small));
    expect(read.weights).toEqual(small.weights);
    expect(read).toMatchObject({
      size: small.description.size,
      encoder: 'target',
      statistics: { mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3] },
      preprocessing: preprocessingOf(small),
    });
  });

  it('come back from a Hugging Face folder, which holds the target encoder and says so', () => {
    const small = smallCheckpoint(folder, settings);
    const read = readForeignWeights(exportHuggingFace(small));
    expect(read.weights).toEqual(only(small.weights, 'targetEncoder'));
    const { predictor: _none, ...size } = small.description.size;
    expect(read).toMatchObject({ size, encoder: 'target' });
    expect(read.statistics).toEqual({ mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3] });
    expect(read.preprocessing).toEqual(preprocessingOf(small));
    expect(read.notes).toEqual([]);
  });
});

it('weights say how much of them is read, and stop where they are told to', () => {
  const small = smallCheckpoint(folder);
  const path = exportAuthors(small);
  const said: [number, number][] = [];
  readForeignWeights(path, 2, (done, total) => said.push([done, total]));
  // Every float of the three networks; their tables of fixed positions are computed.
  const bytes = Object.values(small.weights).reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(new Set(said.map(([, total]) => total))).toEqual(new Set([bytes]));
  expect(said.at(-1)).toEqual([bytes, bytes]);
  expect(said.every(([done], i) => i === 0 || done > said[i - 1]![0])).toBe(true);
  const enough = (done: number): void => {
    if (done > bytes / 2) throw new RangeError('enough');
  };
  expect(() => readForeignWeights(path, 2, enough)).toThrow('enough');
});

describe('a Hugging Face folder', () => {
  const rewrite = (name: string, change: (value: Record<string, unknown>) => unknown): void => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>)));
  };

  it('of others holds the context encoder, and its preprocessor is not believed', () => {
    exportHuggingFace(smallCheckpoint(folder));
    rewrite('config.json', (config) => ({ ...config, ijepa_studio: undefined }));
    const read = readForeignWeights(folder);
    expect(read.encoder).toBe('context');
    expect(read.statistics).toBeUndefined();
    expect(read.notes.join()).toContain("ImageNet's");
    expect(Object.keys(read.weights).every((name) => name.startsWith('contextEncoder.'))).toBe(true);
  });

  it('of a stem of convolutions is of a type of its own, with its code beside it', () => {
    const convolutions = { stem: 'convolutions', imageSize: 24, patchSize: 8 };
    exportHuggingFace(smallCheckpoint(folder, convolutions));
    expect(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))).toMatchObject({
      model_type: 'ijepa_studio',
      architectures: ['IJepaStudioModel'],
      auto_map: { AutoConfig: 'modeling_ijepa_studio.IJepaStudioConfig', AutoModel: 'modeling_ijepa_studio.IJepaStudioModel' },
    });
    const code = readFileSync(join(folder, 'modeling_ijepa_studio.py'), 'utf8');
    expect(code).toContain('nn.Conv2d(3, 8, 3, stride=2, padding=1), ChannelNorm(8, eps=1e-6), nn.GELU(), nn.Conv2d(8, 12, 3');
    expect(code).toContain('class IJepaStudioModel(PreTrainedModel)');
    // Somebody else's model of that name.
    rewrite('config.json', (config) => ({ ...config, ijepa_studio: undefined }));
    expect(refusalOf(() => readForeignWeights(folder)).code).toBe('unsupported');
  });

  it('of a linear stem is one of transformers, without code', () => {
    exportHuggingFace(smallCheckpoint(folder));
    const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
    expect([config['model_type'], config['architectures'], config['auto_map']]).toEqual(['ijepa', ['IJepaModel'], undefined]);
    expect(existsSync(join(folder, 'modeling_ijepa_studio.py'))).toBe(false);
  });

  it('of ours with a preprocessing that is not known here is refused: its vectors would be others', () => {
    exportHuggingFace(smallCheckpoint(folder));
    rewrite('config.json', (config) => ({ ...config, ijepa_studio: { preprocessing: { channels: 'infrared' } } }));
    expect(refusalOf(() => readForeignWeights(folder))).toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('infrared') as string,
    });
  });

  it('may be given by its weights, be cut into shards, and have a head on top', () => {
    const small = smallCheckpoint(folder);
    exportHuggingFace(small);
    expect(readForeignWeights(join(folder, 'model.safetensors')).weights).toEqual(only(small.weights, 'targetEncoder'));
    const tensors = tensorsOf(join(folder, 'model.safetensors')).map((tensor) => ({ ...tensor, name: `ijepa.${tensor.name}` }));
    const parts = [tensors.slice(0, 20), tensors.slice(20)];
    parts.forEach((part, i) => writeSafetensors(join(folder, `part-${i}.safetensors`), part));
    const places = parts.flatMap((part, i) => part.map(({ name }) => [name, `part-${i}.safetensors`]));
    rmSync(join(folder, 'model.safetensors'));
    writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: Object.fromEntries(places) as unknown }));
    expect(readForeignWeights(folder).weights).toEqual(only(small.weights, 'targetEncoder'));
  });

  it.each([
    ['of a stem of convolutions', { stem: 'convolutions', imageSize: 24, patchSize: 8 }, ''],
    ['with a head on top', {}, 'ijepa.'],
    ['of both', { stem: 'convolutions', imageSize: 24, patchSize: 8 }, 'ijepa.'],
  ])('%s may be given by its weights', (_, settings, base) => {
    const small = smallCheckpoint(folder, settings);
    exportHuggingFace(small);
    const path = join(folder, 'model.safetensors');
    writeSafetensors(
      path,
      tensorsOf(path).map((tensor) => ({ ...tensor, name: base + tensor.name })),
    );
    const read = readForeignWeights(path);
    expect(read.weights).toEqual(only(small.weights, 'targetEncoder'));
    expect(read.preprocessing).toBeDefined();
  });

  it('may leave out the sizes that are usual', () => {
    const settings = { width: 768, heads: 12, depth: 1, mlpRatio: 4, imageSize: 48, patchSize: 16 };
    exportHuggingFace(smallCheckpoint(folder, settings));
    rewrite('config.json', ({ hidden_size, num_attention_heads, intermediate_size, patch_size, ...config }) => {
      expect([hidden_size, num_attention_heads, intermediate_size, patch_size]).toEqual([768, 12, 3072, 16]);
      return config;
    });
    expect(readForeignWeights(folder).size.encoder).toEqual({ width: 768, depth: 1, heads: 12, hidden: 3072 });
  });

  it.each<readonly [string, string, unknown]>([
    ['out of its folder', 'unsafe-file', { weight_map: { a: '../other.safetensors' } }],
    ['out of its folder on Windows', 'unsafe-file', { weight_map: { a: '..\\other.safetensors' } }],
    ['to no text', 'bad-checkpoint', { weight_map: { a: 1 } }],
    ['to nothing', 'bad-checkpoint', { weight_map: {} }],
    ['to a missing file', 'not-found', { weight_map: { a: 'gone.safetensors' } }],
    ['to a file without the tensor', 'bad-checkpoint', { weight_map: { a: 'whole.safetensors' } }],
  ])('is refused when its index leads %s', (_, code, index) => {
    exportHuggingFace(smallCheckpoint(folder));
    copyFileSync(join(folder, 'model.safetensors'), join(folder, 'whole.safetensors'));
    rmSync(join(folder, 'model.safetensors'));
    writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
    expect(refusalOf(() => readForeignWeights(folder)).code).toBe(code);
  });

  it.each<readonly [string, string, Record<string, unknown>]>([
    ['another model', 'unsupported', { model_type: 'vit' }],
    ['one channel', 'unsupported', { num_channels: 1 }],
    ['another activation', 'unsupported', { hidden_act: 'relu' }],
    ['no attention biases', 'unsupported', { qkv_bias: false }],
    ['a large epsilon', 'unsupported', { layer_norm_eps: 0.1 }],
    ['no width, which means 768', 'bad-checkpoint', { hidden_size: null }],
    ['a width that is a text', 'bad-checkpoint', { hidden_size: '24' }],
    ['millions of layers', 'bad-checkpoint', { num_hidden_layers: 1_000_000 }],
    ['a depth of its weights’ double', 'bad-checkpoint', { num_hidden_layers: 10 }],
    ['heads that do not divide', 'bad-checkpoint', { num_attention_heads: 7 }],
    ['another grid than its positions', 'bad-checkpoint', { image_size: 24 }],
    ['half a head', 'bad-checkpoint', { num_attention_heads: 1.5 }],
  ])('is refused with %s', (_, code, change) => {
    exportHuggingFace(smallCheckpoint(folder));
    rewrite('config.json', (config) => ({ ...config, ...change }));
    const error = refusalOf(() => readForeignWeights(folder));
    expect(error.code).toBe(code);
    expect(error.hint).not.toBe('');
  });

  it('is refused without config or weights, and with a config that is no object', () => {
    expect(refusalOf(() => readForeignWeights(join(folder, 'gone'))).code).toBe('not-found');
    expect(refusalOf(() => readForeignWeights(folder)).code).toBe('bad-input');
    exportHuggingFace(smallCheckpoint(folder));
    rmSync(join(folder, 'model.safetensors'));
    expect(refusalOf(() => readForeignWeights(folder)).code).toBe('not-found');
    for (const text of ['[]', '{', '']) {
      writeFileSync(join(folder, 'config.json'), text);
      expect(refusalOf(() => readForeignWeights(folder)).code).toBe('bad-checkpoint');
    }
  });

  it('says how an image becomes a square', () => {
    const preprocessor = (fit: string): Record<string, unknown> => {
      exportHuggingFace(smallCheckpoint(folder, { fit }));
      return JSON.parse(readFileSync(join(folder, 'preprocessor_config.json'), 'utf8')) as Record<string, unknown>;
    };
    expect(preprocessor('crop')).toMatchObject({
      image_processor_type: 'BitImageProcessor',
      size: { shortest_edge: 12 },
      image_mean: [0.4, 0.5, 0.6],
    });
    expect(preprocessor('squash')).toMatchObject({ image_processor_type: 'ViTImageProcessor', size: { height: 12, width: 12 } });
  });
});

describe("a file with the authors' names", () => {
  const rewritten = (change: (tensors: TensorToWrite[]) => TensorToWrite[], settings = {}): string => {
    const path = exportAuthors(smallCheckpoint(folder, settings));
    writeSafetensors(path, change(tensorsOf(path)));
    return path;
  };
  const renamed = (from: RegExp, to: string) => (tensors: TensorToWrite[]) =>
    tensors.map((tensor) => ({ ...tensor, name: tensor.name.replace(from, to) }));

  it('needs the heads of an unpublished size, and believes them', () => {
    const path = rewritten((tensors) => tensors);
    expect(refusalOf(() => readForeignWeights(path))).toMatchObject({
      code: 'bad-input',
      hint: expect.stringContaining('--heads') as string,
    });
    expect(readForeignWeights(path, 3).size.encoder.heads).toBe(3);
    expect(refusalOf(() => readForeignWeights(path, 7)).code).toBe('bad-input');
  });

  it('knows the heads of a published size', () => {
    const settings = { width: 192, depth: 1, heads: 3, mlpRatio: 1, predictorWidth: 12 };
    expect(readForeignWeights(rewritten((tensors) => tensors, settings)).size.encoder.heads).toBe(3);
  });

  it('may have one encoder, with `module.` or without any prefix', () => {
    const one = rewritten((tensors) => tensors.filter(({ name }) => name.startsWith('encoder.')));
    expect(readForeignWeights(one, 2).encoder).toBe('context');
    const wrapped = rewritten(renamed(/^(encoder|target_encoder|predictor)\./, '$1.module.'));
    expect(Object.keys(readForeignWeights(wrapped, 2).weights).some((name) => name.startsWith('predictor.'))).toBe(true);
    const bare = rewritten((tensors) => renamed(/^encoder\./, '')(tensors.filter(({ name }) => name.startsWith('encoder.'))));
    expect(readForeignWeights(bare, 2).weights).toEqual(readForeignWeights(one, 2).weights);
  });

  it('leaves out a predictor with positions of its own, and says so', () => {
    const path = rewritten((tensors) =>
      tensors.map((tensor) =>
        tensor.name === 'predictor.predictor_pos_embed' ? { ...tensor, data: new Float32Array(9 * 12).fill(0.5) } : tensor,
      ),
    );
    const read = readForeignWeights(path, 2);
    expect(Object.keys(read.weights).some((name) => name.startsWith('predictor.'))).toBe(false);
    expect(read.notes.join()).toContain('predictor was left out');
  });

  it.each<readonly [string, string, (tensors: TensorToWrite[]) => TensorToWrite[]]>([
    ['a missing tensor', 'bad-checkpoint', (tensors) => tensors.filter(({ name }) => !name.endsWith('blocks.2.attn.qkv.bias'))],
    ['no encoder', 'bad-checkpoint', renamed(/patch_embed/, 'else')],
    ['no blocks', 'bad-checkpoint', renamed(/blocks\./, 'else.')],
    [
      'one axis too few',
      'bad-checkpoint',
      (tensors) => tensors.map((one) => (one.name.includes('patch_embed.proj.weight') ? { ...one, shape: [24, 48] } : one)),
    ],
    [
      'oblong patches',
      'bad-checkpoint',
      (tensors) => tensors.map((one) => (one.name.includes('patch_embed.proj.weight') ? { ...one, shape: [24, 3, 2, 8] } : one)),
    ],
    [
      'a class token',
      'unsupported',
      (tensors) =>
        tensors.map((one) => (one.name.endsWith('pos_embed') ? { ...one, shape: [1, 10, 24], data: new Float32Array(240) } : one)),
    ],
  ])('is refused with %s', (_, code, change) => {
    expect(refusalOf(() => readForeignWeights(rewritten(change), 2)).code).toBe(code);
  });
});

it('refuses the pickle of an old torch with what to do', () => {
  const path = join(folder, 'old.pth');
  writeFileSync(path, Buffer.from('8002 8a0a6cfc9c46f9206aa8501900000000'.replaceAll(' ', ''), 'hex'));
  expect(refusalOf(() => readForeignWeights(path))).toMatchObject({
    code: 'unsupported',
    hint: expect.stringContaining('newer torch') as string,
  });
});
