// What makes two vectors comparable: the same weights, layer, pooling, preprocessing and decoding. One store per identity.
import { createHash } from 'node:crypto';
import type { Preprocessing } from '../../shared/config/preprocessing.ts';
import { AppError } from '../../shared/errors.ts';

export interface EmbeddingIdentity {
  readonly runId: string;
  readonly step: number;
  /** SHA-256 of the weights, hex. */
  readonly weightsHash: string;
  /** For instance `last`, or `last-four`. */
  readonly layer: string;
  readonly pooling: string;
  readonly preprocessing: Preprocessing;
  /** Version of what decoding makes of a file; absent in stores of the first. */
  readonly decoding?: number;
  readonly dimension: number;
}

export interface EmbeddingManifest extends EmbeddingIdentity {
  readonly format: 'ijepa-studio-embeddings';
  readonly version: 1;
  /** Program that began the store. */
  readonly programVersion: string;
  readonly created: string;
}

/** Name of the store's folder: 16 hex digits that depend on everything in the identity, and on nothing else. */
export function embeddingId(identity: EmbeddingIdentity): string {
  return createHash('sha256')
    .update(canonical(fieldsOf(identity)))
    .digest('hex')
    .slice(0, 16);
}

export function isSameIdentity(a: EmbeddingIdentity, b: EmbeddingIdentity): boolean {
  return canonical(fieldsOf(a)) === canonical(fieldsOf(b));
}

/** The manifest in `text`. Throws `bad-file` for anything else, `unsupported` for a newer version. */
export function parseManifest(text: string, path: string): EmbeddingManifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged(path, error);
  }
  if (typeof value !== 'object' || value === null || !('format' in value) || value.format !== 'ijepa-studio-embeddings') {
    throw damaged(path);
  }
  if (!('version' in value) || value.version !== 1) {
    throw new AppError('unsupported', `${path} was written by a newer version of this program.`, 'Update the program.');
  }
  const { dimension } = value as Partial<EmbeddingManifest>;
  if (dimension === undefined || !Number.isInteger(dimension) || dimension < 1) throw damaged(path);
  return value as EmbeddingManifest;
}

function damaged(path: string, cause?: unknown): AppError {
  return new AppError(
    'bad-file',
    `${path} does not describe embeddings.`,
    'Remove its folder; the vectors are computed again when needed.',
    cause,
  );
}

function fieldsOf(identity: EmbeddingIdentity): EmbeddingIdentity {
  const { runId, step, weightsHash, layer, pooling, preprocessing, decoding, dimension } = identity;
  // Where it is absent the name of the folder is what it was before there was one.
  return { runId, step, weightsHash, layer, pooling, preprocessing, ...(decoding !== undefined && { decoding }), dimension };
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
}
