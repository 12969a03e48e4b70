// Images that are named only, for plans of evaluations.
import type { EvaluationImage } from '../evaluation-image.ts';
import { splitOfPath } from '../protocol.ts';

export const image = (path: string, label: string | undefined, hash = path): EvaluationImage => ({
  path,
  hash,
  label,
  split: splitOfPath(path),
});
export const many = (folder: string, label: string, count: number): EvaluationImage[] =>
  Array.from({ length: count }, (_, i) => image(`${folder}/${label}/${String(i).padStart(4, '0')}.jpg`, label));
