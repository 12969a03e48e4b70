// Embeds what is not embedded yet, with the target encoder of a checkpoint.
import { createHash } from 'node:crypto';
import { preprocessingOf } from '../../shared/config/preprocessing.ts';
import { programVersion } from '../../shared/version.ts';
import { decodingVersion } from '../images/cache-space.ts';
import { DecodeCache } from '../images/cache.ts';
import { patchBlocks } from '../images/patch-blocks.ts';
import { placeImage, targetOf } from '../images/patches.ts';
import type { CachedImage } from '../images/shard-reader.ts';
import { embeddingWidth } from '../jepa/embedding.ts';
import { modelSize, patchValues, tokenCount } from '../jepa/model.ts';
import { EmbeddingStore } from '../retrieval/embedding-store.ts';
import { EncoderRunner } from '../training/passes/encoder-runner.ts';
import { loadTargetEncoder } from '../training/run-folder/checkpoint.ts';
import { pictureEncoder } from './picture-encoder.ts';
import type { EmbedJob, EmbedPixelsJob, JobTypes } from './protocol.ts';

function weightsHash(weights: Readonly<Record<string, Float32Array>>): string {
  const hash = createHash('sha256');
  for (const values of Object.values(weights)) hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return hash.digest('hex');
}

/** Milliseconds after which vectors are made durable, however few there are: what a crash may cost. */
const commitMs = 10_000;

/** Adds the missing contents to the store below `job.store` and commits; stops early, losing nothing, when `stopping` says so. */
export async function runEmbedJob(
  job: EmbedJob,
  stopping: () => boolean,
  onEvent: (event: JobTypes['embed']['event']) => void,
  commitEvery = commitMs,
): Promise<JobTypes['embed']['result']> {
  const { header, weights } = loadTargetEncoder(job.checkpoint);
  const { config } = header;
  const size = modelSize(config);
  const preprocessing = preprocessingOf(config);
  const identity = {
    runId: header.run,
    step: header.step,
    weightsHash: weightsHash(weights),
    layer: job.layer,
    pooling: 'mean',
    preprocessing,
    decoding: decodingVersion,
    dimension: embeddingWidth(size, job.layer),
  };
  const closing: (() => void | Promise<void>)[] = [];
  try {
    const cache = new DecodeCache(job.cache.folder, { access: 'read' });
    closing.push(() => cache.dispose());
    const store = await EmbeddingStore.openForWriting(job.store, identity, programVersion);
    closing.push(async () => store.dispose());
    const device = { device: job.device, threads: job.threads };
    const missing = store.missing(job.hashes);
    const wanted = missing.filter((hash) => cache.has(hash));
    const uncached = missing.length - wanted.length;
    // To compile for nothing takes a card seconds.
    if (wanted.length === 0) return { folder: store.folder, rows: store.rows, added: 0, skipped: uncached };
    const encoder = await EncoderRunner.create(size, job.layer, device, false, job.batch, weights);
    closing.push(async () => encoder.dispose());
    const looks = { view: 'whole', preprocessing, patchSize: config.patchSize } as const;
    const began = performance.now();
    let committed = began;
    // Done are places of the list, those of damaged pictures too.
    let [done, added, stopped] = [0, 0, false];
    for await (const { places, patches } of patchBlocks(cache, wanted, encoder.batch, looks)) {
      const { embedding } = await encoder.run(patches);
      await store.append(
        places.map((place) => wanted[place]!),
        embedding,
        job.device,
      );
      added += places.length;
      done = places.at(-1)! + 1;
      if (performance.now() - committed > commitEvery) {
        await store.commit();
        committed = performance.now();
      }
      onEvent({ type: 'embedded', done, total: wanted.length, imagesPerSecond: (1000 * done) / (performance.now() - began) });
      if ((stopped = stopping())) break;
    }
    if (!stopped) done = wanted.length;
    await store.commit();
    return {
      folder: store.folder,
      rows: store.rows,
      added,
      skipped: done - added + uncached,
    };
  } finally {
    for (const close of closing.toReversed()) await close();
  }
}

/** Embeds decoded pictures that belong to no library, [images, dimension]. */
export async function runEmbedPixelsJob(job: EmbedPixelsJob): Promise<JobTypes['embed-pixels']['result']> {
  const { config, runner } = await pictureEncoder(job);
  const preprocessing = preprocessingOf(config);
  const target = targetOf(preprocessing, config.patchSize);
  const size = modelSize(config);
  const vectors = new Float32Array(job.images.length * runner.width);
  const patches = new Float32Array(tokenCount(size) * patchValues(size));
  for (const [i, image] of job.images.entries()) {
    placeImage(image satisfies CachedImage, 'whole', preprocessing, target, patches);
    vectors.set((await runner.run(patches)).embedding, i * runner.width);
  }
  return { vectors, dimension: runner.width };
}
