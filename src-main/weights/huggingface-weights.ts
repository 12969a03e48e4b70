// Reads a folder as Hugging Face's `save_pretrained` writes it for `ijepa`: config.json beside the weights.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, systemError } from '../../shared/errors.ts';
import { SafetensorsFolder } from '../formats/sharded-safetensors.ts';
import { huggingFaceEncoder } from '../jepa/foreign-names.ts';
import type { ModelSize } from '../jepa/model.ts';
import { gridOf, hasPublishedPositions, isTriple, readNetworks, stemOf, unusable } from './foreign-weights.ts';
import type { ForeignWeights, ReadProgress, Statistics } from './foreign-weights.ts';
import { ownKey } from './model-description.ts';
import { ownModelType } from './modeling-code.ts';
import { statedPreprocessing } from './stated-preprocessing.ts';
import type { Stated } from './stated-preprocessing.ts';

type Json = Readonly<Record<string, unknown>>;

const positions = 'embeddings.position_embeddings';
/** Normalisation layers here add 1e-6; less or a little more makes no difference that float32 shows. */
const largestEpsilon = 1e-5;
/** Of any file of settings, bytes. */
const largestSettings = 10_000_000;

function readJson(path: string): Json {
  let text: string;
  try {
    if (statSync(path).size > largestSettings) throw unusable(path, 'it is far too large', 'Give the folder that holds config.json.');
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw systemError(error) ?? error;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  } catch {
    // The same as JSON of another kind.
  }
  throw unusable(path, 'it is no JSON object', 'Copy or download the folder again.');
}

/** What transformers takes where config.json leaves a size out. */
const usual = {
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  image_size: 224,
  patch_size: 16,
} as const;

function count(path: string, config: Json, key: keyof typeof usual): number {
  const value = config[key] ?? usual[key];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1 || value > 1e6)
    throw unusable(path, `${key} is ${JSON.stringify(value)}`);
  return value;
}

function refuseOtherModels(path: string, config: Json): void {
  const refuse = (what: string): never => {
    throw new AppError('unsupported', `${path}: ${what}.`, 'Give the folder of an I-JEPA (model_type ijepa) with its usual layers.');
  };
  const isOwn = config['model_type'] === ownModelType && typeof config[ownKey] === 'object' && config[ownKey] !== null;
  if (config['model_type'] !== 'ijepa' && !isOwn)
    refuse(`the model is of type ${JSON.stringify(config['model_type']) ?? 'unknown'}, not ijepa`);
  if ((config['num_channels'] ?? 3) !== 3) refuse('it does not take three channels');
  if ((config['hidden_act'] ?? 'gelu') !== 'gelu') refuse(`its activation is ${JSON.stringify(config['hidden_act'])}`);
  if ((config['qkv_bias'] ?? true) !== true) refuse('its attention has no biases');
  const epsilon = config['layer_norm_eps'] ?? 1e-12;
  if (typeof epsilon !== 'number' || !(epsilon >= 0 && epsilon <= largestEpsilon))
    refuse(`its layer_norm_eps is ${JSON.stringify(epsilon)}`);
}

/** The statistics of preprocessor_config.json, when it is there and has them. */
function statisticsOf(folder: string): Statistics | undefined {
  const path = join(folder, 'preprocessor_config.json');
  if (!existsSync(path)) return undefined;
  const { image_mean: mean, image_std: std } = readJson(path);
  return isTriple(mean) && isTriple(std) ? { mean, std } : undefined;
}

/** Reads the one encoder of a folder. Throws `not-found`, `bad-checkpoint`, `unsafe-file`, `unsupported` for another kind of model. */
export function readHuggingFaceWeights(folder: string, onRead?: ReadProgress): ForeignWeights {
  const path = join(folder, 'config.json');
  const config = readJson(path);
  refuseOtherModels(path, config);
  const width = count(path, config, 'hidden_size');
  const heads = count(path, config, 'num_attention_heads');
  if (width % heads !== 0) throw unusable(path, `${heads} heads do not divide the width ${width}`);
  const [imageSize, patchSize] = [count(path, config, 'image_size'), count(path, config, 'patch_size')];
  const encoder = { width, depth: count(path, config, 'num_hidden_layers'), heads, hidden: count(path, config, 'intermediate_size') };
  const source = new SafetensorsFolder(folder);
  try {
    // transformers names the weights of a model with a head on top `ijepa.…`.
    const base = source.tensors.has(`ijepa.${positions}`) ? 'ijepa.' : '';
    // Before anything as deep as the config claims is built.
    const last = `${base}encoder.layer.${encoder.depth - 1}.layernorm_before.weight`;
    if (!source.tensors.has(last)) throw unusable(folder, `it lacks '${last}'`, 'Copy or download the folder again.');
    const { stem } = stemOf(source, `${base}embeddings.patch_embeddings.projection`);
    const grid = gridOf(source, Math.floor(imageSize / patchSize) ** 2);
    const size: ModelSize = {
      encoder,
      predictor: { width, depth: 1, heads, hidden: 4 * width },
      patchSize,
      ...(stem && { stem }),
      grid,
      positions: hasPublishedPositions(source, base + positions, width, grid) ? 'sine-cosine' : 'learned',
    };
    const own = (config[ownKey] ?? {}) as Json;
    const { preprocessing, statistics }: Partial<Stated> =
      own['preprocessing'] === undefined ? {} : statedPreprocessing(path, own['preprocessing']);
    const encoderKind = own['encoder'] === 'target' ? 'target' : 'context';
    const stated = statisticsOf(folder);
    const notes: string[] = [];
    if (config[ownKey] === undefined && stated)
      notes.push(`The normalisation of its preprocessor (mean ${stated.mean.join(', ')}) was ignored: training used ImageNet's.`);
    return {
      size,
      weights: readNetworks(source, [{ network: huggingFaceEncoder(size), base, prefix: `${encoderKind}Encoder` }], onRead),
      encoder: encoderKind,
      statistics: config[ownKey] === undefined ? undefined : (statistics ?? stated),
      ...(preprocessing && { preprocessing }),
      notes,
    };
  } finally {
    source.dispose();
  }
}
