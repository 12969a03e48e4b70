// Draws the icons of the packages from icon.svg: node assets/make-icons.ts
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

const folder = import.meta.dirname;
const drawing = readFileSync(join(folder, 'icon.svg'));
const draw = (side: number): Promise<Buffer> =>
  sharp(drawing, { density: (72 * side) / 1024 + 1 })
    .resize(side, side)
    .png({ compressionLevel: 9, palette: true })
    .toBuffer();

/** PNGs in one `.ico`: header, an entry of 16 bytes each, then the files. */
function icoOf(images: readonly { readonly side: number; readonly png: Buffer }[]): Buffer {
  const header = Buffer.alloc(6 + 16 * images.length);
  header.writeUInt16LE(1, 2);
  header.writeUInt16LE(images.length, 4);
  let offset = header.length;
  images.forEach(({ side, png }, index) => {
    const at = 6 + 16 * index;
    header[at] = header[at + 1] = side % 256;
    header.writeUInt16LE(1, at + 4);
    header.writeUInt16LE(32, at + 6);
    header.writeUInt32LE(png.length, at + 8);
    header.writeUInt32LE(offset, at + 12);
    offset += png.length;
  });
  return Buffer.concat([header, ...images.map(({ png }) => png)]);
}

/** PNGs in one `.icns`: each with its four-letter kind and its length, big-endian. */
function icnsOf(images: readonly { readonly kind: string; readonly png: Buffer }[]): Buffer {
  const entry = (kind: string, body: Buffer): Buffer => {
    const head = Buffer.alloc(8);
    head.write(kind, 'latin1');
    head.writeUInt32BE(8 + body.length, 4);
    return Buffer.concat([head, body]);
  };
  return entry('icns', Buffer.concat(images.map(({ kind, png }) => entry(kind, png))));
}

mkdirSync(join(folder, 'icons'), { recursive: true });
for (const side of [16, 32, 48, 64, 128, 256, 512, 1024]) writeFileSync(join(folder, 'icons', `${side}x${side}.png`), await draw(side));
writeFileSync(join(folder, 'icon.png'), await draw(512));
writeFileSync(join(folder, 'icon-256.png'), await draw(256));
const ico = await Promise.all([16, 24, 32, 48, 64, 128, 256].map(async (side) => ({ side, png: await draw(side) })));
writeFileSync(join(folder, 'icon.ico'), icoOf(ico));
const kinds = { icp4: 16, icp5: 32, ic07: 128, ic08: 256, ic09: 512, ic10: 1024, ic11: 32, ic12: 64, ic13: 256, ic14: 512 };
const icns = await Promise.all(Object.entries(kinds).map(async ([kind, side]) => ({ kind, png: await draw(side) })));
writeFileSync(join(folder, 'icon.icns'), icnsOf(icns));
