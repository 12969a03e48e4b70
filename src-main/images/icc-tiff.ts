// Raw pixels with the colour profile that they are in, as a file that sharp reads: it takes a profile from files only.

/** Bytes of a strip, about: libtiff wants no more memory for one than libvips allows. */
const stripBytes = 2 ** 18;
/** Pixels that have room: places in the file are 32-bit numbers. */
export const mostTiffPixels = 1_000_000_000;
const [short, long, undefinedType] = [3, 4, 7] as const;

/** Upright RGBA pixels (four bytes each) as an uncompressed TIFF that carries the ICC profile. */
export function iccTiff(pixels: Uint8Array, width: number, height: number, icc: Uint8Array): Buffer {
  const rowsPerStrip = Math.max(1, Math.floor(stripBytes / (4 * width)));
  const strips = Math.ceil(height / rowsPerStrip);
  const lists = 8;
  const bits = lists + 8 * strips;
  const profile = bits + 8;
  const directory = profile + icc.length + (icc.length % 2);
  // Tag, type, count, value: either itself or where it lies.
  const entries = (data: number): [number, number, number, number][] => [
    [256, long, 1, width],
    [257, long, 1, height],
    [258, short, 4, bits],
    [259, short, 1, 1], // no compression
    [262, short, 1, 2], // RGB
    [273, long, strips, strips === 1 ? data : lists],
    [277, short, 1, 4],
    [278, long, 1, rowsPerStrip],
    [279, long, strips, strips === 1 ? 4 * width * height : lists + 4 * strips],
    [338, short, 1, 2], // alpha that colours were not multiplied by
    [34675, undefinedType, icc.length, profile],
  ];
  const data = directory + 2 + 12 * entries(0).length + 4;
  const file = Buffer.alloc(data + pixels.length);
  file.write('II*\0', 0, 'latin1');
  file.writeUInt32LE(directory, 4);
  for (let i = 0; i < strips; i++) {
    const first = 4 * width * rowsPerStrip * i;
    file.writeUInt32LE(data + first, lists + 4 * i);
    file.writeUInt32LE(Math.min(4 * width * rowsPerStrip, pixels.length - first), lists + 4 * (strips + i));
  }
  for (let i = 0; i < 4; i++) file.writeUInt16LE(8, bits + 2 * i);
  file.set(icc, profile);
  const all = entries(data);
  file.writeUInt16LE(all.length, directory);
  for (const [i, [tag, type, count, value]] of all.entries()) {
    const at = directory + 2 + 12 * i;
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(type, at + 2);
    file.writeUInt32LE(count, at + 4);
    file.writeUInt32LE(value, at + 8);
  }
  file.set(pixels, data);
  return file;
}
