// Identities, hashes and vectors for the tests of the store.
import { createHash } from 'node:crypto';
import type { EmbeddingIdentity } from '../embedding-identity.ts';

export const identity: EmbeddingIdentity = {
  runId: 'run-1',
  step: 400,
  weightsHash: 'ab'.repeat(32),
  layer: 'last',
  pooling: 'mean',
  preprocessing: {
    background: [255, 255, 255],
    intensity: 'full',
    intensityPercentile: [1, 99],
    intensityWindow: [0, 255],
    channels: 'rgb',
    imageSize: 96,
    fit: 'crop',
    mean: [0, 0, 0],
    std: [1, 1, 1],
  },
  dimension: 6,
};

export const hashOf = (image: number): string => createHash('sha256').update(`image ${image}`).digest('hex');

/** The vector of an image: exact in float32 and different for each. */
export const vectorOf = (image: number): number[] => Array.from({ length: 6 }, (_, k) => image * 8 + k);

export const vectorsOf = (images: readonly number[]): Float32Array => Float32Array.from(images.flatMap(vectorOf));
