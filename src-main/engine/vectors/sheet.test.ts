// Sheets of files whose names are no text, and of files that are gone.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DecodeRequest } from '../../images/decoder.ts';
import { nameText } from '../../library/file-names.ts';
import { saveCheckpoint } from '../../training/run-folder/checkpoint.ts';
import { initialState } from '../../training/run-folder/state.ts';
import { smallRecord, withTemporary } from '../../training/testing/small-run.ts';
import type { Studio } from '../studio.ts';
import { drawSheet, shortPath } from './sheet.ts';

/** Draws what can be read of a query and its neighbours; returns the files that were decoded, and how many are left out. */
async function draw(folder: string, query: string, neighbours: readonly string[]): Promise<{ contents: string[]; leftOut: number }> {
  const contents: string[] = [];
  const decode = async ({ path }: DecodeRequest): Promise<unknown> => {
    if (!existsSync(path)) return Promise.resolve({ ok: false });
    contents.push(readFileSync(path, 'utf8'));
    return Promise.resolve({ ok: true, image: { width: 1, height: 1, pixels: new Uint8Array(3) } });
  };
  const checkpoint = join(folder, 'checkpoint.safetensors');
  const record = smallRecord();
  saveCheckpoint(checkpoint, initialState(record.config), record);
  const found = neighbours.map((path, i) => ({ rank: i + 1, score: 1, path, hash: '', label: undefined }));
  const rows = [{ queries: [{ path: query, wanted: true }], neighbours: found }];
  const sheet = join(folder, 'sheet.png');
  const leftOut = await drawSheet({ decoders: { decode }, originals: [] } as unknown as Studio, checkpoint, rows, sheet);
  expect(existsSync(sheet)).toBe(true);
  return { contents: contents.toSorted(), leftOut };
}

describe('a sheet', () => {
  it('says how many pictures are left out, also where their query is gone', () =>
    withTemporary(async (folder) => {
      const [query, other, gone] = ['query', 'other', 'gone'].map((name) => join(folder, name));
      writeFileSync(query!, 'query');
      writeFileSync(other!, 'other');
      expect(await draw(folder, query!, [other!, gone!])).toEqual({ contents: ['other', 'query'], leftOut: 1 });
      expect((await draw(folder, gone!, [other!, query!])).leftOut).toBe(3);
    }));

  it.runIf(process.platform === 'linux')('has pictures whose names are no text, which it spells out', () =>
    withTemporary(async (folder) => {
      const images = join(folder, 'images');
      mkdirSync(images);
      const bytes = Buffer.concat([Buffer.from(`${images}/caf`), Buffer.from([0xe9]), Buffer.from('.png')]);
      writeFileSync(bytes, 'strange');
      const [strange, gone] = [nameText(bytes), nameText(Buffer.concat([bytes, Buffer.from([0xe9])]))];
      expect(await draw(folder, strange, [strange, gone])).toEqual({ contents: ['strange', 'strange'], leftOut: 1 });
      expect(shortPath(strange)).toBe('images/caf\\xE9.png');
    }),
  );
});
