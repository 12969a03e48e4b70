// Writes weights under the names and in the layout of the authors' code, without its `module.`: one safetensors file with `encoder.`,
// `predictor.` and `target_encoder.`, as far as the checkpoint has them.
import { writeSafetensors } from '../formats/safetensors.ts';
import type { TensorSource } from '../formats/tensor-source.ts';
import { authorsEncoder, authorsPredictor } from '../jepa/foreign-names.ts';
import { foreignTensors } from './foreign-tensors.ts';
import { descriptionTexts } from './model-description.ts';
import type { ModelDescription } from './model-description.ts';

/** Throws `disk-full`, `not-writable`, `bad-checkpoint`. */
export function writeAuthorsFile(path: string, checkpoint: TensorSource, description: ModelDescription): void {
  const { size } = description;
  const has = (prefix: string, parameter: string): boolean => checkpoint.tensors.has(`${prefix}.${parameter}`);
  const encoder = authorsEncoder(size);
  writeSafetensors(
    path,
    [
      ...(has('contextEncoder', 'norm.weight') ? foreignTensors(checkpoint, encoder, 'contextEncoder', 'encoder.') : []),
      ...(has('predictor', 'maskToken') ? foreignTensors(checkpoint, authorsPredictor(size), 'predictor', 'predictor.') : []),
      ...(has('targetEncoder', 'norm.weight') ? foreignTensors(checkpoint, encoder, 'targetEncoder', 'target_encoder.') : []),
    ],
    { format: 'pt', ...descriptionTexts(description) },
  );
}
