import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contactSheet } from './contact-sheet.ts';
import { isMapSheet, mapPictureSide, mapSheet, mapSheetSide } from './map-sheet.ts';
import type { CachedImage } from './shard-reader.ts';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'ijepa-map-sheet-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Colour = readonly [number, number, number];
const plain = (colour: Colour): CachedImage => ({
  width: 60,
  height: 50,
  pixels: Uint8Array.from({ length: 9000 }, (_, i) => colour[i % 3]!),
});
const [red, green, blue, white] = [
  [220, 0, 0],
  [0, 200, 0],
  [0, 0, 240],
  [255, 255, 255],
] as const satisfies readonly Colour[];

async function pixelsOf(path: string): Promise<(x: number, y: number) => number[]> {
  const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.channels]).toEqual([mapSheetSide, 3]);
  return (x, y) => [...data.subarray(3 * (y * info.width + x), 3 * (y * info.width + x) + 3)];
}

/** Pixels of a place. */
const at = (value: number): number => mapSheetSide / 2 + ((mapSheetSide - 2 * mapPictureSide) / 2) * value;

describe('a map as a picture', () => {
  it('has pictures at their places, framed in the colours of their labels, and dots where another picture is too near', async () => {
    const path = join(folder, 'map.png');
    // The second lies too near to the first, whichever of them is the picture.
    const places = Float32Array.of(-1, -1, -1, -0.965, 1, 1, 0.5, -0.25);
    const asked: number[] = [];
    const drawn = await mapSheet(
      {
        places,
        numbers: [1, 2, 3, 4],
        colourOf: (i) => (i === 3 ? blue : red),
        legend: [],
        pictureOf: async (i) => {
          asked.push(i);
          return Promise.resolve(i === 3 ? undefined : plain(green));
        },
      },
      path,
    );
    const [near] = asked.filter((i) => i < 2);
    expect(asked.toSorted((a, b) => a - b)).toEqual([near, 2, 3]);
    expect(drawn).toEqual({ pictures: 2, unread: 1 });
    const colour = await pixelsOf(path);
    for (const i of [near!, 2]) {
      const [x, y] = [Math.round(at(places[2 * i]!)), Math.round(at(places[2 * i + 1]!))];
      const half = mapPictureSide / 2;
      expect([colour(x, y), colour(x - half, y + half - 1), colour(x - half - 1, y), colour(x + half + 1, y)]).toEqual([
        green,
        green,
        red,
        red,
      ]);
      expect(colour(x - half - 4, y)).toEqual(white);
    }
    // The place of one that cannot be read keeps its dot.
    const [left, top] = [Math.round(at(0.5)), Math.round(at(-0.25))];
    expect(colour(left, top)[2]).toBeGreaterThan(colour(left, top)[0]! + 150);
    expect(colour(left - 14, top)).toEqual(white);
    const other = 1 - near!;
    expect(colour(at(-1), Math.round(at(places[2 * other + 1]!)))).not.toEqual(white);
  });

  it('has pictures that do not cover each other, from edge to edge', async () => {
    const path = join(folder, 'many.png');
    const places = Float32Array.from({ length: 4000 }, (_, i) => (Math.sin(i * 12.9898) * Math.cos(i * 78.233)) / 4);
    const { pictures, unread } = await mapSheet(
      {
        places,
        numbers: Array.from({ length: 2000 }, (_, i) => i),
        colourOf: () => red,
        legend: [],
        pictureOf: async () => Promise.resolve(plain(green)),
      },
      path,
    );
    expect(unread).toBe(0);
    expect(pictures).toBeGreaterThan(150);
    const { data } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
    let greens = 0;
    for (let i = 0; i < data.length; i += 3) if (data[i] === 0 && data[i + 1] === 200 && data[i + 2] === 0) greens++;
    expect(greens).toBe(pictures * mapPictureSide ** 2);
  });

  it('tells what the colours mean, below the square', async () => {
    const [path, plainly] = [join(folder, 'told.png'), join(folder, 'untold.png')];
    const one = { places: new Float32Array(2), numbers: [1], colourOf: () => red, pictureOf: async () => Promise.resolve(plain(green)) };
    const legend = [
      ...[red, green, blue, red].map((colour, i) => ({ text: `label ${i} & <more>`, colour })),
      { text: 'a very long name that has no room where it is to stand, '.repeat(3), colour: blue },
      { text: 'and 3 more labels', colour: undefined },
    ];
    await mapSheet({ ...one, legend }, path);
    await mapSheet({ ...one, legend: [] }, plainly);
    expect((await sharp(plainly).metadata()).height).toBe(mapSheetSide);
    const { height } = await sharp(path).metadata();
    const colour = await pixelsOf(path);
    const column = 488;
    for (const [i, { colour: told }] of legend.entries()) {
      const [left, top] = [48 + (i % 4) * column, mapSheetSide + 44 * Math.floor(i / 4)];
      expect(top + 24).toBeLessThan(height);
      expect(colour(left + 12, top + 12)).toEqual(told ?? white);
      const words = Array.from({ length: 400 * 30 }, (_, at) => colour(left + 36 + (at % 400), top + Math.floor(at / 400))[0]!);
      expect(Math.min(...words)).toBeLessThan(60);
      // Before the next column begins.
      for (let y = top; y < top + 30; y++) expect(colour(left + column - 12, y)).toEqual(white);
    }
    // The map above is as it was. Compared as a whole: each of its bytes would take half a minute.
    const map = await sharp(path).extract({ left: 0, top: 0, width: mapSheetSide, height: mapSheetSide }).raw().toBuffer();
    expect(map.equals(await sharp(plainly).raw().toBuffer())).toBe(true);
  });

  it('shows one picture where all lie at one place', async () => {
    const path = join(folder, 'one.png');
    const one = {
      places: new Float32Array(6).fill(0.3),
      numbers: [1, 2, 3],
      colourOf: () => red,
      legend: [],
      pictureOf: async () => Promise.resolve(plain(green)),
    };
    expect(await mapSheet(one, path)).toEqual({ pictures: 1, unread: 0 });
    expect((await pixelsOf(path))(mapSheetSide / 2, mapSheetSide / 2)).toEqual(green);
  });

  it('is known again, apart from contact sheets, and is nowhere half written', async () => {
    const [map, contact] = [join(folder, 'map.png'), join(folder, 'contact.png')];
    await contactSheet([], contact);
    expect([isMapSheet(map), isMapSheet(contact)]).toEqual([true, false]);
    const empty = {
      places: new Float32Array(2),
      numbers: [1],
      colourOf: () => red,
      legend: [],
      pictureOf: async () => Promise.resolve(plain(green)),
    };
    await expect(mapSheet(empty, join(folder, 'gone', 'map.png'))).rejects.toMatchObject({ code: 'not-writable' });
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});
