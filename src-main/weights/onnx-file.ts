// Writes the target encoder as ONNX. Small models are one file; large ones keep their weights in a file beside it, because protobuf ends
// at 2 GiB and copies of a model that size would not fit into memory.
import { AsideFile, writeFileAside } from '../files/write-aside.ts';
import type { TensorSource } from '../formats/tensor-source.ts';
import type { EmbeddingLayer } from '../jepa/embedding.ts';
import { lowerImageEncoder } from '../jepa/image-encoder.ts';
import { targetParameters } from '../jepa/model.ts';
import type { ModelSize } from '../jepa/model.ts';
import { descriptionTexts } from './model-description.ts';
import type { ModelDescription } from './model-description.ts';

export interface OnnxFiles {
  readonly model: string;
  /** Asked for when the weights go into a file of their own. */
  data(): string;
  /** Name of that file as the model says it. */
  readonly dataName: string;
}

export interface OnnxOptions {
  readonly layer: EmbeddingLayer;
  /** Largest model whose weights lie in the file itself, bytes. */
  readonly mostInline?: number;
}

const mostInline = 512 * 1024 * 1024;
/** The file of the weights of a large model, as other programs expect it beside `encoder.onnx`. */
export const onnxDataName = 'encoder.onnx.data';
const parameterBytes = (shape: readonly number[]): number => 4 * shape.reduce((a, b) => a * b, 1);

/** Whether the weights of such a model go into a file of their own. */
export const needsDataFile = (size: ModelSize): boolean =>
  targetParameters(size).reduce((bytes, { shape }) => bytes + parameterBytes(shape), 0) > mostInline;

/** Lets runtimes map the weights into memory. */
const alignment = 4096;

const documentation =
  'Target encoder of an I-JEPA. pixel_values: RGB in 0–1, normalised with the mean and std of the metadata, [batch, 3, S, S]. ' +
  'embedding: mean over the patch tokens; compare by cosine.';

/** Throws `bad-checkpoint`, `disk-full`, `not-writable`. */
export function writeOnnxFile(files: OnnxFiles, checkpoint: TensorSource, description: ModelDescription, options: OnnxOptions): void {
  const { size } = description;
  const { layer } = options;
  const parameters = targetParameters(size).map(({ name, shape }) => ({ name, shape, length: parameterBytes(shape) }));
  const bytes = parameters.reduce((total, { length }) => total + length, 0);
  const metadata = { ...descriptionTexts(description), encoder: 'target', layer, pooling: 'mean' };
  if (bytes <= (options.mostInline ?? mostInline)) {
    const weights = Object.fromEntries(parameters.map(({ name, shape }) => [name, checkpoint.readFloat32(name, shape)]));
    writeFileAside(files.model, lowerImageEncoder(size, { layer, weights, metadata, documentation }).bytes);
    return;
  }
  const file = new AsideFile(files.data());
  try {
    let at = 0;
    const places = parameters.map(({ name, shape, length }) => {
      const offset = Math.ceil(at / alignment) * alignment;
      file.write(new Uint8Array(offset - at));
      file.write(new Uint8Array(checkpoint.readFloat32(name, shape).buffer));
      at = offset + length;
      return [name, { location: files.dataName, offset, length }] as const;
    });
    file.keep();
    const weights = Object.fromEntries(places);
    writeFileAside(files.model, lowerImageEncoder(size, { layer, weights, metadata, documentation }).bytes);
  } catch (error) {
    file.discard();
    throw error;
  }
}
