import { createHash } from 'node:crypto';
import type { Pieces } from '../files/in-pieces.ts';
import type { TensorSource } from '../formats/tensor-source.ts';
import { targetParameters } from '../jepa/model.ts';
import type { ModelSize } from '../jepa/model.ts';

/** SHA-256 over the weights of the target encoder in their order: what the embeddings of a library are known by. */
export function* targetEncoderHash(checkpoint: TensorSource, size: ModelSize): Pieces<string> {
  const hash = createHash('sha256');
  for (const { name, shape } of targetParameters(size)) {
    hash.update(new Uint8Array(checkpoint.readFloat32(name, shape).buffer));
    yield;
  }
  return hash.digest('hex');
}
