// What an export can be made of, and the files that each format becomes: names as `src-main/engine` writes them.
import type { ExportFormat } from '../../../shared/contract/contract-explore.ts';

interface FormatFiles {
  readonly kind: 'vectors' | 'weights';
  readonly files: readonly string[];
}

export const formatFiles: Readonly<Record<ExportFormat, FormatFiles>> = {
  parquet: { kind: 'vectors', files: ['embeddings.parquet'] },
  npy: { kind: 'vectors', files: ['vectors.npy', 'paths.parquet'] },
  csv: { kind: 'vectors', files: ['embeddings.csv'] },
  projector: {
    kind: 'vectors',
    files: ['projector/tensors.tsv', 'projector/metadata.tsv', 'projector/sprite.png', 'projector/projector_config.json'],
  },
  safetensors: { kind: 'weights', files: ['model.safetensors'] },
  huggingface: {
    kind: 'weights',
    files: [
      'huggingface/config.json',
      'huggingface/model.safetensors',
      'huggingface/preprocessor_config.json',
      'huggingface/modeling_ijepa_studio.py',
    ],
  },
  onnx: { kind: 'weights', files: ['encoder.onnx', 'encoder.onnx.data'] },
};

/** In the order in which they are offered. */
export const formatsOf = (kind: FormatFiles['kind']): readonly ExportFormat[] =>
  (Object.keys(formatFiles) as ExportFormat[]).filter((format) => formatFiles[format].kind === kind);

export const needsVectors = (formats: readonly ExportFormat[]): boolean => formats.some((format) => formatFiles[format].kind === 'vectors');

/** All files that an export may have, relative to its folder. */
export function filesOf(formats: readonly ExportFormat[], space: string): readonly string[] {
  const own = formats.flatMap((format) => formatFiles[format].files);
  return [...own, ...(needsVectors(formats) && space !== 'raw' ? ['space.safetensors'] : []), 'manifest.json'];
}

/** A folder of a name in another one, with the separator that its path has. */
export function inside(folder: string, name: string): string {
  const separator = folder.includes('\\') && !folder.includes('/') ? '\\' : '/';
  return folder.endsWith(separator) ? folder + name : folder + separator + name;
}
