// What is said about exported weights wherever a format has room for it.
import type { Preprocessing } from '../../shared/config/preprocessing.ts';
import type { ModelSize } from '../jepa/model.ts';

/** What this program adds to a Hugging Face config.json that it writes, so that it knows its own weights again. */
export const ownKey = 'ijepa_studio';

export interface ModelDescription {
  readonly size: ModelSize;
  readonly preprocessing: Preprocessing;
  readonly run: string;
  readonly step: number;
  readonly program: string;
}

/** The description as the flat texts of a safetensors header or an ONNX model. */
export function descriptionTexts({ size, preprocessing, run, step, program }: ModelDescription): Record<string, string> {
  return {
    program: `ijepa-studio ${program}`,
    run,
    step: String(step),
    heads: String(size.encoder.heads),
    predictor_heads: String(size.predictor.heads),
    patch_size: String(size.patchSize),
    image_size: String(preprocessing.imageSize),
    mean: preprocessing.mean.join(','),
    std: preprocessing.std.join(','),
    preprocessing: JSON.stringify(preprocessing),
  };
}
