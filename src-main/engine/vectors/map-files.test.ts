// A map outside of the app: names with commas and quotes, names that are no text, pictures whose files are gone.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { labelColour } from '../../../shared/map/map-colours.ts';
import type { DecodeRequest } from '../../images/decoder.ts';
import { isMapSheet } from '../../images/map-sheet.ts';
import { parseCsv } from '../../library/csv.ts';
import { nameText } from '../../library/file-names.ts';
import { saveCheckpoint } from '../../training/run-folder/checkpoint.ts';
import { initialState } from '../../training/run-folder/state.ts';
import { smallRecord, withTemporary } from '../../training/testing/small-run.ts';
import type { SplitImage } from '../folders/folder-images.ts';
import type { Studio } from '../studio.ts';
import { checkMapTargets, drawMapSheet, writeMapTable } from './map-files.ts';

const image = (path: string, label: string | undefined, i: number): SplitImage => ({
  path,
  label,
  split: undefined,
  hash: String(i).padStart(64, '0'),
});
const studioWith = (originals: readonly string[], more: object = {}): Studio => ({ originals, ...more }) as unknown as Studio;

describe('the table of a map', () => {
  it('has a line for each image, which any reader of CSV gets back', () =>
    withTemporary(async (folder) => {
      const strange = nameText(Buffer.from([0x2f, 0xe9, 0x2e, 0x70]));
      const images = [image('/a, "b".png', 'cats, "big"', 1), image('/c\n.png', undefined, 2), image(strange, 'dogs', 3)];
      const places = Float32Array.of(0.1, -1, 1, 0, -0.25, 1 / 3);
      const path = join(folder, 'map.csv');
      for (let time = 0; time < 2; time++) await writeMapTable(studioWith([]), { images, places }, path);
      const [header, ...records] = parseCsv(readFileSync(path, 'utf8')).map(({ fields }) => fields);
      expect(header).toEqual(['filepath', 'label', 'x', 'y']);
      expect(records.map((fields) => fields.slice(0, 2))).toEqual([
        ['/a, "b".png', 'cats, "big"'],
        ['/c\n.png', ''],
        [String.raw`/\xE9.p`, 'dogs'],
      ]);
      expect(Float32Array.from(records.flatMap((fields) => fields.slice(2).map(Number)))).toEqual(places);
      expect(readFileSync(path, 'utf8').endsWith('\r\n')).toBe(true);
    }));

  it('is never put among the originals, nor over a file of others, asked before and when it is written', () =>
    withTemporary(async (folder) => {
      const pictures = join(folder, 'pictures');
      mkdirSync(pictures);
      writeFileSync(join(folder, 'mine.csv'), 'a,b\r\n');
      const studio = studioWith([pictures]);
      for (const table of [join(pictures, 'map.csv'), join(folder, 'mine.csv')]) {
        await expect(checkMapTargets(studio, { table, sheet: undefined })).rejects.toMatchObject({ code: 'bad-input' });
        await expect(writeMapTable(studio, { images: [], places: new Float32Array(0) }, table)).rejects.toMatchObject({
          code: 'bad-input',
        });
      }
      const sheet = join(pictures, 'map.png');
      await expect(checkMapTargets(studio, { table: undefined, sheet })).rejects.toMatchObject({ code: 'bad-input' });
      expect([readdirSync(pictures), readFileSync(join(folder, 'mine.csv'), 'utf8')]).toEqual([[], 'a,b\r\n']);
    }));
});

describe('the picture of a map', () => {
  it('is drawn from the originals where no decoded pictures are kept, in the colours that the app gives to labels', () =>
    withTemporary(async (folder) => {
      const checkpoint = join(folder, 'checkpoint.safetensors');
      const record = smallRecord();
      saveCheckpoint(checkpoint, initialState(record.config), record);
      const there = join(folder, 'there.png');
      writeFileSync(there, '');
      const decode = async ({ path }: DecodeRequest): Promise<unknown> =>
        Promise.resolve(
          existsSync(path) ? { ok: true, image: { width: 64, height: 64, pixels: new Uint8Array(64 * 64 * 3).fill(9) } } : { ok: false },
        );
      const studio = studioWith([], { decoders: { decode }, cacheFor: () => join(folder, 'cleared') });
      const images = [image(there, 'zebras', 1), image(join(folder, 'gone.png'), 'apes', 2), image(there, undefined, 3)];
      const places = Float32Array.of(-1, 0, 1, 0, 0, 1);
      const sheet = join(folder, 'map.png');
      expect(await drawMapSheet(studio, checkpoint, { images, places }, sheet)).toEqual({ pictures: 2, unread: 1 });
      expect(isMapSheet(sheet)).toBe(true);
      // Three lines in one row: apes, zebras, no label.
      const { height } = await sharp(sheet).metadata();
      expect(height).toBe(2048 + 44 + 24);
      const colourAt = async (left: number, top: number): Promise<readonly number[]> => [
        ...(await sharp(sheet).extract({ left, top, width: 1, height: 1 }).raw().toBuffer()),
      ];
      // Places lie in a box of two units by one, of which the middle is in the middle.
      const [scale, middle] = [(2048 - 96) / 2, 1024];
      const left = middle - scale;
      const level = Math.round(middle - scale / 2);
      expect(await colourAt(left, level)).toEqual([9, 9, 9]);
      // Its frame: the second label by name.
      expect(await colourAt(left - 25, level)).toEqual(labelColour(1, false));
      expect(await colourAt(middle - 25, Math.round(middle + scale / 2))).toEqual([120, 120, 120]);
      const told = await Promise.all([0, 1, 2, 3].map(async (column) => colourAt(48 + 488 * column + 12, 2048 + 12)));
      expect(told).toEqual([labelColour(0, false), labelColour(1, false), [120, 120, 120], [255, 255, 255]]);
      const dot = await colourAt(middle + scale, level);
      labelColour(0, false).forEach((value, i) => expect(Math.abs(dot[i]! - (255 + 0.8 * (value - 255)))).toBeLessThan(3));
    }));
});
