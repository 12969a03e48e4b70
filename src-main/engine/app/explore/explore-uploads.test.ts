import { readdirSync, utimesSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { DecodeRequest, DecodeResult } from '../../../images/decoder.ts';
import { saveCheckpoint } from '../../../training/run-folder/checkpoint.ts';
import { initialState } from '../../../training/run-folder/state.ts';
import { smallRecord, withTemporary } from '../../../training/testing/small-run.ts';
import type { Studio } from '../../studio.ts';
import type { Query } from '../../vectors/search.ts';
import type { Aside } from '../aside.ts';
import { Uploads } from './explore-uploads.ts';

/** Decoders that take every file for a picture whose content is the file's text. */
async function decode({ path }: DecodeRequest): Promise<DecodeResult> {
  const text = (await readFile(path)).subarray(0, 8).toString();
  const pixels = new Uint8Array(3);
  if (text.startsWith('bad')) return { ok: false, failure: { reason: 'damaged', message: 'The file is damaged.' } };
  return { ok: true, image: { width: 1, height: 1, pixels, originalWidth: 7, originalHeight: 5, format: 'png', contentHash: text } };
}

const studio = { decoders: { decode } } as unknown as Studio;
const uploads = (): Uploads => new Uploads(studio, {} as Aside);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const queryOf = async (of: Uploads, upload: number): Promise<Query> => of.query(upload, 'none', 'last', () => true);

it('a picture is kept as it came until 32 others have come', async () => {
  const all = uploads();
  const first = await all.add('a.png', bytesOf('0'));
  expect(first).toEqual({ upload: expect.any(Number), width: 7, height: 5 });
  for (let i = 1; i < 32; i++) await all.add('b', bytesOf(String(i)));
  expect(await queryOf(all, first.upload)).toEqual({ hash: '0' });
  const last = await all.add('c.png', bytesOf('32'));
  await expect(queryOf(all, first.upload)).rejects.toMatchObject({ code: 'not-found' });
  expect(await queryOf(all, first.upload + 1)).toEqual({ hash: '1' });
  expect(await queryOf(all, last.upload)).toEqual({ hash: '32' });
});

it('large ones push the oldest out earlier, and what is no picture is not kept', async () => {
  const all = uploads();
  const large = new Uint8Array(60 * 2 ** 20);
  const ids: number[] = [];
  for (let i = 0; i < 5; i++) ids.push((await all.add('large.png', large)).upload);
  await expect(queryOf(all, ids[0]!)).rejects.toMatchObject({ code: 'not-found' });
  await queryOf(all, ids[1]!);
  await expect(all.add('x.png', bytesOf('bad'))).rejects.toMatchObject({ code: 'bad-file' });
  await queryOf(all, ids[1]!);
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('ijepa-upload-'))).toEqual([]);
});

it('a picture is embedded once by each network, and anew by the one of a run that was deleted and trained again', async () => {
  let made = 0;
  const run = async (): Promise<unknown> => Promise.resolve({ vectors: Float32Array.of(++made), dimension: 1 });
  const all = new Uploads(studio, { threads: 1, pictures: { run } } as unknown as Aside);
  const { upload } = await all.add('a.png', bytesOf('0'));
  await withTemporary(async (folder) => {
    const [checkpoint, record] = [join(folder, 'step-4.safetensors'), smallRecord()];
    const vector = async (layer: 'last' | 'last4' = 'last'): Promise<unknown> => all.query(upload, checkpoint, layer, () => false);
    saveCheckpoint(checkpoint, initialState(record.config), record);
    expect(await vector()).toEqual({ vector: Float32Array.of(1) });
    expect(await vector()).toEqual({ vector: Float32Array.of(1) });
    expect(await vector('last4')).toEqual({ vector: Float32Array.of(2) });
    saveCheckpoint(checkpoint, initialState({ ...record.config, seed: 9 }), record);
    utimesSync(checkpoint, 1, 1);
    expect(await vector()).toEqual({ vector: Float32Array.of(3) });
  });
});

it('the number of a picture means nothing to the next engine', async () => {
  const before = await uploads().add('a.png', bytesOf('0'));
  const after = uploads();
  await after.add('b.png', bytesOf('1'));
  await expect(queryOf(after, before.upload)).rejects.toMatchObject({ code: 'not-found' });
});
