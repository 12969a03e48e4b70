// Folders of pictures that tests make for themselves: shapes of one colour family per label, different enough to tell apart.
import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

const shapes = {
  circles: (size: number, hue: number) => `<circle cx="32" cy="32" r="${size}" fill="hsl(${hue} 80% 50%)"/>`,
  squares: (size: number, hue: number) =>
    `<rect x="${32 - size}" y="${32 - size}" width="${size * 2}" height="${size * 2}" fill="hsl(${hue} 80% 40%)"/>`,
  bars: (size: number, hue: number) => `<path d="M8 ${size} H56 M8 ${size + 20} H56" stroke="hsl(${hue} 70% 45%)" stroke-width="8"/>`,
} as const;
export const labels = Object.keys(shapes) as readonly (keyof typeof shapes)[];
const hues = { circles: 20, squares: 140, bars: 230 } as const;

const picture = async (label: keyof typeof shapes, number: number): Promise<Buffer> => {
  const body = shapes[label](10 + ((number * 7) % 17), hues[label] + ((number * 13) % 40));
  const ground = `hsl(${(number * 37) % 360} 25% ${70 + (number % 20)}%)`;
  return sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="64" height="64" fill="${ground}"/>${body}</svg>`,
    ),
  )
    .jpeg({ quality: 90 })
    .toBuffer();
};

/** `perLabel` pictures in a folder per label, and one file that is no picture. */
export async function makePictures(folder: string, perLabel: number): Promise<void> {
  for (const label of labels) {
    mkdirSync(join(folder, label), { recursive: true });
    for (let number = 0; number < perLabel; number++)
      writeFileSync(join(folder, label, `${label}-${String(number).padStart(3, '0')}.jpg`), await picture(label, number));
  }
  writeFileSync(join(folder, labels[0]!, 'broken.jpg'), 'this is no picture');
}

/** The same picture as another content: the number stands in a comment after the first two bytes. */
function numbered(jpeg: Buffer, number: number): Buffer {
  const comment = Buffer.alloc(8);
  comment.writeUInt16BE(0xfffe, 0);
  comment.writeUInt16BE(6, 2);
  comment.writeUInt32BE(number, 4);
  return Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2)]);
}

/** A folder of `count` files of a few hundred pictures, each a content of its own, so that each has a vector of its own. */
export async function makeManyContents(folder: string, count: number): Promise<void> {
  const pictures = await Promise.all(Array.from({ length: 300 }, async (_, number) => picture(labels[number % labels.length]!, number)));
  for (let number = 0; number < count; number++) {
    const inside = join(folder, `album-${String(Math.floor(number / 1000)).padStart(3, '0')}`);
    if (number % 1000 === 0) mkdirSync(inside, { recursive: true });
    const file = join(inside, `picture-${String(number).padStart(6, '0')}.jpg`);
    writeFileSync(file, numbered(pictures[number % pictures.length]!, number));
  }
}

/** A folder of `count` files that share a few hundred contents: as many rows as a large library at the disk space of a small one. */
export async function makeManyPictures(folder: string, count: number): Promise<void> {
  const sources: string[] = [];
  mkdirSync(join(folder, 'sources'), { recursive: true });
  for (let number = 0; number < 300; number++) {
    const file = join(folder, 'sources', `${String(number).padStart(3, '0')}.jpg`);
    writeFileSync(file, await picture(labels[number % labels.length]!, number));
    sources.push(file);
  }
  for (let number = 0; number < count - sources.length; number++) {
    const inside = join(folder, `album-${String(Math.floor(number / 1000)).padStart(3, '0')}`);
    if (number % 1000 === 0) mkdirSync(inside, { recursive: true });
    linkSync(sources[number % sources.length]!, join(inside, `picture-${String(number).padStart(6, '0')}.jpg`));
  }
}
