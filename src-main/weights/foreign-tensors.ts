// A network's tensors as other programs name and lay them out, read from a checkpoint one at a time while they are written.
import type { TensorToWrite } from '../formats/safetensors.ts';
import type { TensorSource } from '../formats/tensor-source.ts';
import { toForeign } from '../jepa/foreign-names.ts';
import type { ForeignNetwork } from '../jepa/foreign-names.ts';
import { sineCosinePositions } from '../jepa/positions.ts';

/** `checkpoint` holds the network as `prefix.*`; `base` stands before every foreign name. Fixed positions are written out. */
export function foreignTensors(checkpoint: TensorSource, network: ForeignNetwork, prefix: string, base: string): TensorToWrite[] {
  const { parameters, positions } = network;
  const tensors: TensorToWrite[] = parameters.flatMap((parameter) =>
    parameter.parts.map((part) => ({
      name: base + part.name,
      shape: part.shape,
      data: () => toForeign(parameter, checkpoint.readFloat32(`${prefix}.${parameter.name}`), part),
    })),
  );
  const learned = parameters.some(({ parts }) => parts[0]!.name === positions.name);
  const { name, shape, width } = positions;
  if (!learned) tensors.unshift({ name: base + name, shape, data: sineCosinePositions(width, Math.sqrt(shape[1]!)) });
  return tensors;
}
