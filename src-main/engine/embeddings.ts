// Embeds a folder with a checkpoint, and finds the store that holds a checkpoint's vectors.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { AppError } from '../../shared/errors.ts';
import { preprocessingOf } from '../../shared/preprocessing.ts';
import { SafetensorsFile } from '../formats/safetensors.ts';
import type { EmbeddingLayer } from '../jepa/embedding.ts';
import { modelSize, targetParameters } from '../jepa/model.ts';
import { EmbeddingStore } from '../retrieval/embedding-store.ts';
import { readCheckpointHeader } from '../training/checkpoint.ts';
import type { EmbedProgress } from '../trainer/protocol.ts';
import { cachedShortSide, threadsOf } from './studio.ts';
import type { Studio } from './studio.ts';

export interface EmbedOptions {
  readonly checkpoint: string;
  readonly root: string;
  readonly layer: EmbeddingLayer;
  readonly threads: number;
}

export interface Embedded {
  /** Folder of the store. */
  readonly folder: string;
  readonly rows: number;
  readonly added: number;
  /** Contents that are not in the decode cache or could not be read from it. */
  readonly skipped: number;
}

/** Embeds what the store lacks. Throws `bad-checkpoint`, `no-images`. */
export async function embedFolder(
  studio: Studio,
  { checkpoint, root, layer, threads }: EmbedOptions,
  onProgress: (progress: EmbedProgress) => void,
): Promise<Embedded> {
  const { config } = readCheckpointHeader(checkpoint);
  const shortSide = cachedShortSide(config.imageSize);
  const cache = { folder: studio.cacheFor(preprocessingOf(config), shortSide), shortSide };
  const hashes = studio.images(root).map(({ hash }) => hash);
  return studio.trainer.run(
    { kind: 'embed', checkpoint, cache, hashes, store: studio.home.embeddings, layer, threads: threadsOf(threads), device: 'cpu' },
    onProgress,
  );
}

/** The hash that the store of a checkpoint's vectors is known by, read tensor by tensor so that the engine answers in between. */
async function weightsHash(checkpoint: string): Promise<string> {
  const { config } = readCheckpointHeader(checkpoint);
  const file = new SafetensorsFile(checkpoint);
  try {
    const hash = createHash('sha256');
    for (const { name, shape } of targetParameters(modelSize(config))) {
      hash.update(new Uint8Array(file.readFloat32(name, shape).buffer));
      await setImmediate();
    }
    return hash.digest('hex');
  } finally {
    file.dispose();
  }
}

/** Opens the vectors of a checkpoint for reading. Throws `not-found` when it has not embedded anything. */
export async function openEmbeddings(studio: Studio, checkpoint: string, layer: EmbeddingLayer): Promise<EmbeddingStore> {
  const { run, step } = readCheckpointHeader(checkpoint);
  const root = studio.home.embeddings;
  let hash: string | undefined;
  for (const name of existsSync(root) ? readdirSync(root) : []) {
    const store = await EmbeddingStore.openForReading(join(root, name)).catch(() => undefined);
    if (!store) continue;
    const { manifest } = store;
    try {
      if (manifest.runId === run && manifest.step === step && manifest.layer === layer && store.rows > 0) {
        // A run that was deleted may have had the same name: its vectors are of other weights.
        hash ??= await weightsHash(checkpoint);
        if (manifest.weightsHash === hash) return store;
      }
    } catch (error) {
      await store.dispose();
      throw error;
    }
    await store.dispose();
  }
  throw new AppError('not-found', `There are no embeddings of run ${run} at step ${step}.`, 'Make them first: ijepa-studio embed');
}
