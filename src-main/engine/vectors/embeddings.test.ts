// Which store holds the vectors of a checkpoint.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { preprocessingOf } from '../../../shared/config/preprocessing.ts';
import { AppError } from '../../../shared/errors.ts';
import { programVersion } from '../../../shared/version.ts';
import { atOnce } from '../../files/in-pieces.ts';
import { SafetensorsFile } from '../../formats/safetensors.ts';
import { decodingVersion } from '../../images/cache-space.ts';
import { modelSize } from '../../jepa/model.ts';
import type { EmbeddingIdentity } from '../../retrieval/embedding-identity.ts';
import { EmbeddingStore } from '../../retrieval/embedding-store.ts';
import { countLookups } from '../../retrieval/testing/count-lookups.ts';
import { Trainer } from '../../trainer/trainer.ts';
import { targetEncoderHash } from '../../weights/encoder-hash.ts';
import { importWeights } from '../runs/import-weights.ts';
import { checkpointOf } from '../runs/runs.ts';
import { Studio } from '../studio.ts';
import { embeddingIdentity } from '../testing/embedding-identity.ts';
import { vectorsOf } from './embedding-folders.ts';
import { embedFolder, madeOn, openEmbeddings } from './embeddings.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa-embeddings-'));
const fixture = join(import.meta.dirname, '../../jepa/testing/fixtures/huggingface');
const studio = new Studio({ home: folder });
afterAll(async () => {
  await studio.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const images = {
  all: [{ hash: 'ab'.repeat(32), path: 'a', label: undefined, split: undefined }],
  trained: 1,
  fingerprint: '',
  size: undefined,
};

it('does not begin for somebody who has cancelled before the process has the work', async () => {
  const checkpoint = checkpointOf(importWeights(studio.home, fixture, { name: 'cancelled' }).run);
  const stop = new AbortController();
  vi.spyOn(studio, 'readImages').mockImplementation(async () => {
    stop.abort();
    return images;
  });
  const trainer = new Trainer();
  const begun = vi.spyOn(trainer, 'run').mockResolvedValue({} as never);
  const options = { checkpoint, root: folder, layer: 'last', threads: 1, trainer, signal: stop.signal } as const;
  await expect(embedFolder(studio, options, () => {})).rejects.toThrow('aborted');
  expect(begun).not.toHaveBeenCalled();
});

it('goes on after a card that failed with what it has kept, and says how many each device has made', async () => {
  const { run, name, config } = importWeights(studio.home, fixture, { name: 'on a card' });
  const checkpoint = checkpointOf(run);
  const hashes = Array.from({ length: 7 }, (_, i) => i.toString(16).padStart(64, '0'));
  vi.spyOn(studio, 'readImages').mockResolvedValue({
    ...images,
    all: hashes.map((hash) => ({ hash, path: hash, label: undefined, split: undefined })),
  });
  const rest = vi.spyOn(studio.devices, 'forVectors').mockImplementation(async (_wanted, operations) => {
    left.push(await operations());
    return Promise.resolve({ device: left.length < 2 ? 'webgpu' : 'cpu', reason: 'As tested.' });
  });
  const failed = vi.spyOn(studio.devices, 'failed').mockResolvedValue();
  const left: number[] = [];
  const identity = await embeddingIdentity(name, checkpoint, config, 4);
  /** As the job does it, up to so many rows. */
  const append = async (
    from: number,
    to: number,
    device: string,
  ): Promise<{ folder: string; rows: number; added: number; skipped: number }> => {
    const store = await EmbeddingStore.openForWriting(studio.home.embeddings, identity, programVersion);
    await store.append(hashes.slice(from, to), new Float32Array(4 * (to - from)), device);
    await store.dispose();
    return { folder: store.folder, rows: store.rows, added: to - from, skipped: 0 };
  };
  await append(0, 1, 'cpu');
  const trainer = new Trainer();
  const jobs = vi
    .spyOn(trainer, 'run')
    .mockImplementationOnce(async () => {
      await append(1, 3, 'webgpu');
      throw new AppError('out-of-memory', 'The card was full.', 'Wait.');
    })
    .mockImplementationOnce(async () => {
      await append(3, 5, 'webgpu');
      throw new AppError('device-failed', 'The card was lost.', 'Wait.');
    })
    .mockImplementationOnce(async () => append(5, 7, 'cpu') as never);
  const made = await embedFolder(studio, { checkpoint, root: folder, layer: 'last', threads: 1, trainer }, () => {});
  const places = jobs.mock.calls.map(([job]) => job.kind === 'embed' && [job.device, job.batch]);
  expect(places).toEqual([
    ['webgpu', undefined],
    ['webgpu', 4],
    ['cpu', undefined],
  ]);
  // It has kept vectors before it was lost.
  expect(failed.mock.calls).toEqual([['webgpu', 'The card was lost.', true]]);
  expect(made).toMatchObject({ rows: 7, added: 6, skipped: 0, devices: { webgpu: 4, cpu: 2 } });
  // What is left to do is what a device is chosen by.
  expect(left[0]! / left.at(-1)!).toBe(6 / 2);
  expect(madeOn(made.devices)).toBe(' (2 on the processor, 4 on WebGPU)');
  expect([madeOn({ webgpu: 4 }), madeOn({ cpu: 4 }), madeOn({})]).toEqual([' on WebGPU', '', '']);
  rest.mockRestore();
  failed.mockRestore();
});

it('finds out what is missing of a large folder while others are answered', async () => {
  const { run, name, config } = importWeights(studio.home, fixture, { name: 'large' });
  const checkpoint = checkpointOf(run);
  const hashes = Array.from({ length: 40_000 }, (_, i) => i.toString(16).padStart(64, '0'));
  const store = await EmbeddingStore.openForWriting(
    studio.home.embeddings,
    await embeddingIdentity(name, checkpoint, config, 4),
    programVersion,
  );
  await store.append(hashes.slice(0, 2), new Float32Array(8));
  await store.dispose();
  vi.spyOn(studio, 'readImages').mockResolvedValue({
    ...images,
    all: hashes.map((hash) => ({ hash, path: hash, label: undefined, split: undefined })),
  });
  const chosen = vi.spyOn(studio.devices, 'forVectors').mockImplementation(async (_wanted, operations) => {
    await operations();
    return { device: 'cpu', reason: 'As tested.' };
  });
  const trainer = new Trainer();
  vi.spyOn(trainer, 'run').mockResolvedValue({ folder: store.folder, rows: 2, added: 0, skipped: 0 } as never);
  const stop = countLookups();
  await embedFolder(studio, { checkpoint, root: folder, layer: 'last', threads: 1, trainer }, () => {});
  const { all, mostInTurn } = stop();
  // Before, when a device is chosen, and after.
  expect(all).toBe(3 * hashes.length);
  expect(mostInTurn).toBeLessThan(hashes.length);
  chosen.mockRestore();
});

it('does not take the vectors of a deleted run of the same name for those of this one', async () => {
  const { run, name, config } = importWeights(studio.home, fixture, { name: 'x' });
  const checkpoint = checkpointOf(run);
  const fill = async (weightsHash: string, value: number): Promise<void> => {
    const identity = {
      runId: name,
      step: 0,
      weightsHash,
      layer: 'last',
      pooling: 'mean',
      preprocessing: preprocessingOf(config),
      decoding: decodingVersion,
      dimension: 4,
    };
    const store = await EmbeddingStore.openForWriting(studio.home.embeddings, identity, programVersion);
    await store.append(['ab'.repeat(32)], new Float32Array(4).fill(value));
    await store.dispose();
  };
  await fill('of other weights', 1);
  await expect(openEmbeddings(studio, checkpoint, 'last')).rejects.toMatchObject({ code: 'not-found' });
  const file = new SafetensorsFile(checkpoint);
  const hash = atOnce(targetEncoderHash(file, modelSize(config)));
  file.dispose();
  await fill(hash, 2);
  const store = await openEmbeddings(studio, checkpoint, 'last');
  expect([...(await store.read([0]))]).toEqual([2, 2, 2, 2]);
  await store.dispose();
});

it('does not take vectors of pictures that were decoded otherwise, and deletes them with their run', async () => {
  const { run, name, config } = importWeights(studio.home, fixture, { name: 'decoded' });
  const checkpoint = checkpointOf(run);
  const { decoding: _now, ...first } = await embeddingIdentity(name, checkpoint, config, 4);
  const fill = async (identity: EmbeddingIdentity, value: number): Promise<string> => {
    const store = await EmbeddingStore.openForWriting(studio.home.embeddings, identity, programVersion);
    await store.append(['ab'.repeat(32)], new Float32Array(4).fill(value));
    await store.dispose();
    return store.folder;
  };
  const others = [await fill(first, 1), await fill({ ...first, decoding: decodingVersion + 1 }, 3)];
  await expect(openEmbeddings(studio, checkpoint, 'last')).rejects.toMatchObject({ code: 'not-found' });
  const now = await fill({ ...first, decoding: decodingVersion }, 2);
  const store = await openEmbeddings(studio, checkpoint, 'last');
  expect([...(await store.read([0]))]).toEqual([2, 2, 2, 2]);
  await store.dispose();
  expect(vectorsOf(studio.home, name, [name]).toSorted()).toEqual([...others, now].toSorted());
});
