// A picture of queries and their neighbours, one row each, that any viewer opens.
import { createRequire } from 'node:module';
import sharp from 'sharp';
import type { OverlayOptions } from 'sharp';
import { writeFileAside } from '../files/write-aside.ts';
import type { CachedImage } from './cache.ts';

export interface Tile {
  readonly image: CachedImage;
  /** First line under the picture. */
  readonly caption: string;
  /** Second line, fainter. */
  readonly detail?: string;
}

export interface SheetLine {
  readonly query: Tile;
  readonly neighbours: readonly Tile[];
}

/** Pixels. */
const side = 128;
const gap = 16;
const textHeight = 40;
const margin = 24;
const paper = { r: 255, g: 255, b: 255 };
const ink = '#1a1a1a';
const faint = '#6b6b6b';
const mark = { r: 37, g: 99, b: 235, alpha: 1 };

// The font comes with the program: a server without any font would draw empty boxes.
const font = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf');

const escaped = (text: string): string => text.replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign]!);

/** One line of text, cut with an ellipsis where it is wider than a tile. */
async function line(text: string, colour: string): Promise<{ readonly input: Buffer; readonly width: number }> {
  const draw = async (shown: string): Promise<{ input: Buffer; width: number }> => {
    const { data, info } = await sharp({
      text: {
        text: `<span foreground="${colour}">${escaped(shown) || ' '}</span>`,
        font: 'DejaVu Sans 11px',
        fontfile: font,
        rgba: true,
        dpi: 72,
      },
    })
      .png()
      .toBuffer({ resolveWithObject: true });
    return { input: data, width: info.width };
  };
  let drawn = await draw(text);
  for (let kept = text.length - 1; drawn.width > side && kept > 0; kept--) drawn = await draw(`${text.slice(0, kept)}…`);
  return drawn;
}

/** The picture inside its square, and its two lines. */
async function place({ image, caption, detail }: Tile, left: number, top: number): Promise<OverlayOptions[]> {
  const { width, height, pixels } = image;
  const { data, info } = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .resize({ width: side, height: side, fit: 'inside', kernel: width < side / 2 ? 'nearest' : 'lanczos3' })
    .png()
    .toBuffer({ resolveWithObject: true });
  const lines = await Promise.all([line(caption, ink), ...(detail === undefined ? [] : [line(detail, faint)])]);
  return [
    { input: data, left: left + Math.floor((side - info.width) / 2), top: top + Math.floor((side - info.height) / 2) },
    ...lines.map(({ input }, row) => ({ input, left, top: top + side + 9 + 15 * row })),
  ];
}

/** Draws the lines and writes a PNG aside. The query stands first, apart and framed. Throws `disk-full`, `not-writable`. */
export async function contactSheet(lines: readonly SheetLine[], path: string): Promise<void> {
  const most = Math.max(0, ...lines.map(({ neighbours }) => neighbours.length));
  const frame = await sharp({ create: { width: side + 8, height: side + 8, channels: 4, background: mark } })
    .png()
    .toBuffer();
  const inner = await sharp({ create: { width: side + 2, height: side + 2, channels: 3, background: paper } })
    .png()
    .toBuffer();
  const overlays: OverlayOptions[] = [];
  for (const [row, { query, neighbours }] of lines.entries()) {
    const top = margin + row * (side + textHeight + gap);
    overlays.push({ input: frame, left: margin - 4, top: top - 4 }, { input: inner, left: margin - 1, top: top - 1 });
    overlays.push(...(await place(query, margin, top)));
    for (const [column, tile] of neighbours.entries()) {
      overlays.push(...(await place(tile, margin + (column + 1) * (side + gap) + gap, top)));
    }
  }
  const sheet = await sharp({
    create: {
      width: 2 * margin + side + most * (side + gap) + (most > 0 ? gap : 0),
      height: 2 * margin + Math.max(1, lines.length) * (side + textHeight + gap) - gap,
      channels: 3,
      background: paper,
    },
  })
    .composite(overlays)
    .png()
    .toBuffer();
  writeFileAside(path, sheet);
}
