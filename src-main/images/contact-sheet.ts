// A picture of queries and their neighbours, a block each, that any viewer opens.
import sharp from 'sharp';
import type { OverlayOptions } from 'sharp';
import { isMarkedPng } from './png-text.ts';
import type { CachedImage } from './shard-reader.ts';
import { writeSheet } from './sheet-file.ts';
import { textLine } from './text-line.ts';

export interface Tile {
  readonly image: CachedImage;
  /** First line under the picture. */
  readonly caption: string;
  /** Second line, fainter. */
  readonly detail?: string;
}

export interface QueryTile extends Tile {
  /** Whether the neighbours should be like it or not; the frame says which. */
  readonly wanted: boolean;
}

export interface SheetBlock {
  /** One below the other. */
  readonly queries: readonly QueryTile[];
  /** In rows of {@link neighboursInRow}. */
  readonly neighbours: readonly Tile[];
}

export const neighboursInRow = 8;
const software = 'ijepa-studio contact sheet';

/** Whether a file is a sheet that was made here. Throws the operating system's errors. */
export const isContactSheet = (path: string): boolean => isMarkedPng(path, software);

/** Pixels. */
const side = 128;
const gap = 16;
const textHeight = 40;
const margin = 24;
const paper = { r: 255, g: 255, b: 255 };
const ink = '#1a1a1a';
const faint = '#6b6b6b';
const wantedFrame = { r: 37, g: 99, b: 235, alpha: 1 };
const unwantedFrame = { r: 200, g: 40, b: 40, alpha: 1 };
const rowHeight = side + textHeight + gap;

/** The picture inside its square, and its two lines. */
async function place({ image, caption, detail }: Tile, left: number, top: number): Promise<OverlayOptions[]> {
  const { width, height, pixels } = image;
  const { data, info } = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .resize({ width: side, height: side, fit: 'inside', kernel: width < side / 2 ? 'nearest' : 'lanczos3' })
    .png()
    .toBuffer({ resolveWithObject: true });
  const lines = await Promise.all([
    textLine(caption, { colour: ink, size: 11, width: side }),
    ...(detail === undefined ? [] : [textLine(detail, { colour: faint, size: 11, width: side })]),
  ]);
  return [
    { input: data, left: left + Math.floor((side - info.width) / 2), top: top + Math.floor((side - info.height) / 2) },
    ...lines.map(({ input }, row) => ({ input, left, top: top + side + 9 + 15 * row })),
  ];
}

const square = async (width: number, background: typeof wantedFrame): Promise<Buffer> =>
  sharp({ create: { width, height: width, channels: 4, background } })
    .png()
    .toBuffer();

const rowsOf = ({ queries, neighbours }: SheetBlock): number => Math.max(1, queries.length, Math.ceil(neighbours.length / neighboursInRow));

/** Queries framed in the first column, blue or, where the neighbours should not be like them, red; neighbours in rows beside them. */
async function placeBlock({ queries, neighbours }: SheetBlock, top: number): Promise<OverlayOptions[]> {
  const overlays: OverlayOptions[] = [];
  for (const [row, query] of queries.entries()) {
    const y = top + row * rowHeight;
    overlays.push(
      { input: await square(side + 8, query.wanted ? wantedFrame : unwantedFrame), left: margin - 4, top: y - 4 },
      { input: await square(side + 2, { ...paper, alpha: 1 }), left: margin - 1, top: y - 1 },
      ...(await place(query, margin, y)),
    );
  }
  for (const [at, tile] of neighbours.entries()) {
    const left = margin + ((at % neighboursInRow) + 1) * (side + gap) + gap;
    overlays.push(...(await place(tile, left, top + Math.floor(at / neighboursInRow) * rowHeight)));
  }
  return overlays;
}

/** Draws the blocks and writes a PNG aside. Throws `disk-full`, `not-writable`. */
export async function contactSheet(blocks: readonly SheetBlock[], path: string): Promise<void> {
  const columns = Math.max(0, ...blocks.map(({ neighbours }) => Math.min(neighboursInRow, neighbours.length)));
  const overlays: OverlayOptions[] = [];
  let rows = 0;
  for (const block of blocks) {
    overlays.push(...(await placeBlock(block, margin + rows * rowHeight)));
    rows += rowsOf(block);
  }
  const sheet = await sharp({
    create: {
      width: 2 * margin + side + columns * (side + gap) + (columns > 0 ? gap : 0),
      height: 2 * margin + Math.max(1, rows) * rowHeight - gap,
      channels: 3,
      background: paper,
    },
  })
    .composite(overlays)
    .png()
    .toBuffer();
  writeSheet(path, sheet, software);
}
