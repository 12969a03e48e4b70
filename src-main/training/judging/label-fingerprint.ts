// Labels and splits as one value: they decide what is trained on and what judges a run, and are no part of the images' fingerprint.
import { createHash } from 'node:crypto';
import type { EvaluationImage } from '../../evaluation/evaluation-image.ts';
import { atOnce } from '../../files/in-pieces.ts';
import type { Pieces } from '../../files/in-pieces.ts';

/** SHA-256, hex, over content, label and split of the images in their order: equal exactly when no label and no split differs. */
export function* labelFingerprintInPieces(images: readonly EvaluationImage[]): Pieces<string> {
  const hash = createHash('sha256');
  for (const [i, image] of images.entries()) {
    hash.update(`${JSON.stringify([image.hash, image.label ?? null, image.split ?? null])}\n`);
    if (i % 500 === 499) yield;
  }
  return hash.digest('hex');
}

/** As `labelFingerprintInPieces`. */
export const labelFingerprint = (images: readonly EvaluationImage[]): string => atOnce(labelFingerprintInPieces(images));
