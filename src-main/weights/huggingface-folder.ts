// Writes the target encoder as a folder that transformers' `AutoModel.from_pretrained` and `AutoImageProcessor` open.
import { writeFileAside } from '../files/write-aside.ts';
import { writeSafetensors } from '../formats/safetensors.ts';
import type { TensorSource } from '../formats/tensor-source.ts';
import { huggingFaceEncoder } from '../jepa/foreign-names.ts';
import { foreignTensors } from './foreign-tensors.ts';
import { descriptionTexts, ownKey } from './model-description.ts';
import type { ModelDescription } from './model-description.ts';
import { modelClass, modelingCode, needsOwnCode } from './modeling-code.ts';

export interface HuggingFaceFiles {
  readonly config: string;
  readonly weights: string;
  readonly preprocessor: string;
  /** Asked for where the folder needs code of its own. */
  code(): string;
}

function configOf({ size, preprocessing, run, step, program }: ModelDescription): Record<string, unknown> {
  const { width, depth, heads, hidden } = size.encoder;
  return {
    ...modelClass(size),
    hidden_size: width,
    num_hidden_layers: depth,
    num_attention_heads: heads,
    intermediate_size: hidden,
    hidden_act: 'gelu',
    layer_norm_eps: 1e-6,
    qkv_bias: true,
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
    initializer_range: 0.02,
    image_size: size.grid * size.patchSize,
    patch_size: size.patchSize,
    num_channels: 3,
    dtype: 'float32',
    torch_dtype: 'float32',
    [ownKey]: { encoder: 'target', pooling: 'mean over patch tokens', run, step, program, preprocessing },
  };
}

/**
 * The statistics that training used, and how an image becomes a square: the centre crop is what its BitImageProcessor does; sides are
 * squashed by ViTImageProcessor. Padding has no processor there: `pad` says squash, and the full truth stands in config.json.
 */
function preprocessorOf({ preprocessing }: ModelDescription): Record<string, unknown> {
  const { imageSize, mean, std, fit } = preprocessing;
  const square = { height: imageSize, width: imageSize };
  const common = {
    do_convert_rgb: true,
    do_resize: true,
    resample: 2,
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: mean,
    image_std: std,
  };
  if (fit !== 'crop') return { image_processor_type: 'ViTImageProcessor', ...common, size: square };
  return {
    image_processor_type: 'BitImageProcessor',
    ...common,
    size: { shortest_edge: imageSize },
    do_center_crop: true,
    crop_size: square,
  };
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Throws `bad-checkpoint`, `disk-full`, `not-writable`. */
export function writeHuggingFaceFolder(files: HuggingFaceFiles, checkpoint: TensorSource, description: ModelDescription): void {
  const tensors = foreignTensors(checkpoint, huggingFaceEncoder(description.size), 'targetEncoder', '');
  writeSafetensors(files.weights, tensors, { format: 'pt', encoder: 'target', ...descriptionTexts(description) });
  writeFileAside(files.preprocessor, json(preprocessorOf(description)));
  if (needsOwnCode(description.size)) writeFileAside(files.code(), modelingCode(description.size));
  writeFileAside(files.config, json(configOf(description)));
}
