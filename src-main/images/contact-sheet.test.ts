import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contactSheet, isContactSheet } from './contact-sheet.ts';
import type { CachedImage } from './shard-reader.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ijepa-contact-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const plain = (red: number, green: number, blue: number): CachedImage => ({
  width: 4,
  height: 4,
  pixels: Uint8Array.from({ length: 48 }, (_, i) => [red, green, blue][i % 3]!),
});
const [black, green] = [plain(0, 0, 0), plain(0, 200, 0)];

/** The colour of a pixel. */
async function colourAt(path: string, left: number, top: number): Promise<number[]> {
  return [...(await sharp(path).extract({ left, top, width: 1, height: 1 }).removeAlpha().raw().toBuffer())];
}

describe('a contact sheet', () => {
  it('draws wanted and unwanted queries below each other, and their neighbours in rows of eight', async () => {
    const path = join(folder, 'sheet.png');
    const neighbours = Array.from({ length: 10 }, (_, i) => ({ image: i === 9 ? green : black, caption: `${i}`, detail: 'a/b.png' }));
    const queries = [
      { image: black, caption: 'query', wanted: true },
      { image: green, caption: 'query', wanted: false },
    ];
    await contactSheet([{ queries, neighbours }], path);
    const { width, height } = await sharp(path).metadata();
    expect([width, height]).toEqual([48 + 128 + 8 * 144 + 16, 48 + 2 * 184 - 16]);
    const frame = { first: await colourAt(path, 21, 60), second: await colourAt(path, 21, 60 + 184) };
    expect(frame).toEqual({ first: [37, 99, 235], second: [200, 40, 40] });
    expect(await colourAt(path, 24 + 64, 24 + 184 + 64)).toEqual([0, 200, 0]);
    // The tenth neighbour is the second of the second row.
    expect(await colourAt(path, 24 + 2 * 144 + 16 + 64, 24 + 184 + 64)).toEqual([0, 200, 0]);
    expect(await colourAt(path, 24 + 8 * 144 + 16 + 64, 24 + 64)).toEqual([0, 0, 0]);
  });

  it('is known again, and no other file is taken for one', async () => {
    const path = join(folder, 'known.png');
    await contactSheet([], path);
    expect(isContactSheet(path)).toBe(true);
    const other = join(folder, 'other.png');
    await sharp(path).toFile(other);
    expect(isContactSheet(other)).toBe(false);
    writeFileSync(other, 'text');
    expect(isContactSheet(other)).toBe(false);
  });

  it('names the sheet that cannot be written, not a file that a person never asked for', async () => {
    const path = join(folder, 'taken.png');
    mkdirSync(path);
    await expect(contactSheet([], path)).rejects.toMatchObject({ code: 'not-writable', message: `${path} cannot be written.` });
  });
});
