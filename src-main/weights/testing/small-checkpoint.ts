// A checkpoint of a small random model, for the tests of what reads and writes weights.
import { join } from 'node:path';
import { parseConfig } from '../../../shared/config/config.ts';
import { preprocessingOf } from '../../../shared/config/preprocessing.ts';
import { Random } from '../../../shared/random.ts';
import { writeSafetensors } from '../../formats/safetensors.ts';
import { modelSize, targetParameters, trainedParameters } from '../../jepa/model.ts';
import type { Weights } from '../../jepa/model.ts';
import type { HuggingFaceFiles } from '../huggingface-folder.ts';
import type { ModelDescription } from '../model-description.ts';

/** Where the files of a Hugging Face folder lie. */
export const huggingFaceFiles = (folder: string): HuggingFaceFiles => ({
  config: join(folder, 'config.json'),
  weights: join(folder, 'model.safetensors'),
  preprocessor: join(folder, 'preprocessor_config.json'),
  code: () => join(folder, 'modeling_ijepa_studio.py'),
});

export interface SmallCheckpoint {
  readonly path: string;
  readonly weights: Weights;
  readonly description: ModelDescription;
}

/** Writes every weight, larger than training begins with, so that each of them matters. */
export function smallCheckpoint(folder: string, settings: Readonly<Record<string, unknown>> = {}): SmallCheckpoint {
  const config = parseConfig({
    architecture: 'custom',
    width: 24,
    depth: 5,
    heads: 2,
    mlpRatio: 2,
    imageSize: 12,
    patchSize: 4,
    predictorWidth: 12,
    predictorDepth: 2,
    normalisation: 'custom',
    mean: [0.4, 0.5, 0.6],
    std: [0.2, 0.25, 0.3],
    ...settings,
  });
  const size = modelSize(config);
  const random = new Random(1, 'test');
  const specs = [...trainedParameters(size), ...targetParameters(size)];
  const weights: Weights = Object.fromEntries(
    specs.map(({ name, shape }) => [name, Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 0.2 * random.normal())]),
  );
  const path = join(folder, 'checkpoint.safetensors');
  writeSafetensors(
    path,
    specs.map(({ name, shape }) => ({ name, shape, data: weights[name]! })),
  );
  return { path, weights, description: { size, preprocessing: preprocessingOf(config), run: 'small-1', step: 40, program: '0.0.0' } };
}
