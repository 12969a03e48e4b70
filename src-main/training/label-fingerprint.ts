// Labels and splits as one value: they decide what is trained on and what judges a run, and are no part of the images' fingerprint.
import { createHash } from 'node:crypto';
import type { EvaluationImage } from '../evaluation/protocol.ts';

/** SHA-256, hex, over content, label and split of the images in their order: equal exactly when no label and no split differs. */
export function labelFingerprint(images: readonly EvaluationImage[]): string {
  const hash = createHash('sha256');
  for (const image of images) hash.update(`${JSON.stringify([image.hash, image.label ?? null, image.split ?? null])}\n`);
  return hash.digest('hex');
}
