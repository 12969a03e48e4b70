import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { EvaluationImage } from '../evaluation/evaluation-image.ts';
import { decodingVersion } from '../images/cache-space.ts';
import { DecodeCache } from '../images/cache.ts';
import { EmbeddingStore } from '../retrieval/embedding-store.ts';
import { noSoftwareGpu, softwareGpuEnvironment } from '../runtime/testing/software-gpu.ts';
import { noTensorflow } from '../runtime/testing/tensorflow-here.ts';
import { EncoderRunner } from '../training/passes/encoder-runner.ts';
import { saveCheckpoint } from '../training/run-folder/checkpoint.ts';
import { initialState } from '../training/run-folder/state.ts';
import { smallRecord } from '../training/testing/small-run.ts';
import { runEmbedJob, runEmbedPixelsJob } from './embed-job.ts';
import type { EmbedJob } from './protocol.ts';
import { embedJob, makeCache } from './testing/picture-cache.ts';
import { Trainer } from './trainer.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa-embed-'));
const [cache, checkpoint] = [join(folder, 'cache'), join(folder, 'step-000000000.safetensors')];
/** Twenty times as wide as other tests', so that a pass takes few images. */
const record = smallRecord({ width: 320, heads: 2, mlpRatio: 4 });
let images: readonly EvaluationImage[] = [];

beforeAll(async () => {
  images = await makeCache(cache, 200);
  saveCheckpoint(checkpoint, initialState(record.config), record);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const jobIn = (store: string): EmbedJob => embedJob(join(folder, store), checkpoint, cache, images);

async function rowsIn(path: string): Promise<number> {
  const store = await EmbeddingStore.openForReading(path);
  await store.dispose();
  return store.rows;
}

describe('embedding', () => {
  it('makes what is done durable while it goes on, stops on request, and later does the rest alone', async () => {
    const seen: number[] = [];
    const first = await runEmbedJob(
      jobIn('store'),
      () => seen.length === 3,
      ({ done }) => seen.push(done),
      0,
    );
    const committed: Promise<number>[] = [];
    // Else vectors of pictures that were decoded otherwise would go on in the same store.
    const manifest = readFileSync(join(first.folder, 'manifest.json'), 'utf8');
    expect(JSON.parse(manifest)).toMatchObject({ decoding: decodingVersion });
    expect(first.rows).toBe(seen.at(-1));
    expect(first.rows).toBeLessThan(images.length);
    let total = 0;
    const second = await runEmbedJob(
      jobIn('store'),
      () => false,
      (event) => {
        total = event.total;
        committed.push(rowsIn(first.folder));
      },
      0,
    );
    expect(total).toBe(images.length - first.rows);
    expect(second).toMatchObject({ rows: images.length, added: images.length - first.rows, skipped: 0 });
    // Every pass was on the disk before it was told of.
    const rows = await Promise.all(committed);
    expect(rows.every((count) => count > first.rows)).toBe(true);
    // Where nothing is left no device is started for it.
    const compiled = vi.spyOn(EncoderRunner, 'create');
    const all = jobIn('store');
    expect(
      await runEmbedJob(
        { ...all, hashes: [...all.hashes, 'ab'.repeat(32)] },
        () => false,
        () => {},
      ),
    ).toEqual({ folder: first.folder, rows: images.length, added: 0, skipped: 1 });
    expect(compiled).not.toHaveBeenCalled();
    compiled.mockRestore();
  });

  it('leaves out what the cache lacks or has damaged, and counts it', async () => {
    const shard = openSync(join(cache, 'shard-00000.bin'), 'r+');
    writeSync(shard, Uint8Array.of(1, 2, 3, 4, 5), 0, 5, 0);
    closeSync(shard);
    const result = await runEmbedJob(
      { ...jobIn('damaged'), hashes: [...jobIn('').hashes, 'ab'.repeat(32)] },
      () => false,
      () => {},
    );
    expect(result).toMatchObject({ rows: images.length - 1, added: images.length - 1, skipped: 2 });
    const store = await EmbeddingStore.openForReading(result.folder);
    expect(store.rowOf(images[0]!.hash)).toBeUndefined();
    await store.dispose();
  });

  it('of pixels equals that of the same picture in a library', async () => {
    const result = await runEmbedJob(
      jobIn('one'),
      () => false,
      () => {},
    );
    const store = await EmbeddingStore.openForReading(result.folder);
    const pictures = new DecodeCache(cache, { access: 'read' });
    const hash = images[5]!.hash;
    const picture = (await pictures.get(hash))!;
    const { vectors, dimension } = await runEmbedPixelsJob({
      kind: 'embed-pixels',
      checkpoint,
      images: [picture],
      layer: 'last',
      threads: 1,
      device: 'cpu',
    });
    const stored = await store.read([store.rowOf(hash)!]);
    expect(dimension).toBe(320);
    for (let i = 0; i < dimension; i++) expect(vectors[i]).toBeCloseTo(stored[i]!, 5);
    pictures.dispose();
    await store.dispose();
  });
});

/** Of a vector, over its largest number: that of the self-test. */
const tolerance = 1e-4;

/** Vectors by content. */
async function vectorsIn(path: string): Promise<{ readonly vectors: ReadonlyMap<string, Float32Array>; readonly devices: object }> {
  const store = await EmbeddingStore.openForReading(path);
  const all = await store.read(Array.from({ length: store.rows }, (_, row) => row));
  const { dimension, devices } = store;
  const hashes = Array.from({ length: store.rows }, (_, row) => store.hashOf(row));
  await store.dispose();
  return { vectors: new Map(hashes.map((hash, row) => [hash, all.subarray(row * dimension, (row + 1) * dimension)])), devices };
}

describe.each([
  ['webgpu', noSoftwareGpu, softwareGpuEnvironment],
  ['tensorflow', noTensorflow, {}],
] as const)('embedding on %s', (device, absence, environment) => {
  afterEach(() => vi.unstubAllEnvs());

  it.skipIf(absence !== undefined)(
    `makes the processor’s vectors, goes on with what the processor has begun, and the store says which has made how many${absence ? `, ${absence}` : ''}`,
    async () => {
      for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
      const begun = 30;
      const nothing = (): void => {};
      const never = (): boolean => false;
      // As few as show what there is to see: a card in software takes a second for each.
      const few = (store: string): EmbedJob => ({ ...jobIn(store), hashes: images.slice(0, 80).map(({ hash }) => hash) });
      const alone = await runEmbedJob(few(`alone beside ${device}`), never, nothing);
      const job = few(`on ${device}`);
      await runEmbedJob({ ...job, hashes: job.hashes.slice(50, 50 + begun) }, never, nothing);
      const trainer = new Trainer();
      // So few that the last pass is not full.
      const { folder: made, rows, added } = await trainer.run({ ...job, device, batch: 24 });
      await trainer.dispose();
      const [expected, found] = [await vectorsIn(alone.folder), await vectorsIn(made)];
      expect([rows, added]).toEqual([alone.rows, alone.rows - begun]);
      expect([expected.devices, found.devices]).toEqual([{ cpu: rows }, { cpu: begun, [device]: added }]);
      const worst = Math.max(
        ...[...expected.vectors].map(([hash, vector]) => {
          const other = found.vectors.get(hash)!;
          const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
          return vector.reduce((most, value, i) => Math.max(most, Math.abs(value - other[i]!)), 0) / largest;
        }),
      );
      expect(worst).toBeLessThan(tolerance);
    },
  );
});
