// Which store holds the vectors of a checkpoint.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { programVersion } from '../../shared/version.ts';
import { preprocessingOf } from '../../shared/preprocessing.ts';
import { atOnce } from '../files/in-pieces.ts';
import { SafetensorsFile } from '../formats/safetensors.ts';
import { modelSize } from '../jepa/model.ts';
import { EmbeddingStore } from '../retrieval/embedding-store.ts';
import { Trainer } from '../trainer/trainer.ts';
import { targetEncoderHash } from '../weights/encoder-hash.ts';
import { embedFolder, openEmbeddings } from './embeddings.ts';
import { importWeights } from './import-weights.ts';
import { checkpointOf } from './runs.ts';
import { Studio } from './studio.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa-embeddings-'));
const fixture = join(import.meta.dirname, '../jepa/testing/fixtures/huggingface');
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
