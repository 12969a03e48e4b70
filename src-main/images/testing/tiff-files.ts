// TIFFs written by hand: the numbers that cameras and scientists write, and sharp does not.

/** What a number is in the file: its bits, and SampleFormat (1 unsigned, 2 signed, 3 floating point). */
const kinds = {
  uint8: [8, 1],
  int8: [8, 2],
  uint16: [16, 1],
  int16: [16, 2],
  /** Only its bits, as a 16-bit number: nothing here writes half precision. */
  float16: [16, 3],
  uint32: [32, 1],
  int32: [32, 2],
  float32: [32, 3],
  float64: [64, 3],
} as const;
export type NumberKind = keyof typeof kinds;

export interface TiffOptions {
  readonly width: number;
  readonly kind: NumberKind;
  /** Row by row, the channels of a pixel one after the other. */
  readonly values: readonly number[];
  readonly channels?: number;
  /** Tag 338; left out without it. */
  readonly extraSamples?: readonly number[];
  /** Tag 262: 1 grey (by default below three channels), 2 RGB, 5 CMYK. */
  readonly photometric?: number;
  /** Tag 42113, as GDAL writes it. */
  readonly noData?: string;
  readonly orientation?: number;
  readonly bigEndian?: boolean;
  /** A BigTIFF. */
  readonly big?: boolean;
}

type Writer = (view: DataView, at: number, value: number, little: boolean) => void;
const writers: Readonly<Record<NumberKind, Writer>> = {
  uint8: (view, at, value) => view.setUint8(at, value),
  int8: (view, at, value) => view.setInt8(at, value),
  uint16: (view, at, value, little) => view.setUint16(at, value, little),
  int16: (view, at, value, little) => view.setInt16(at, value, little),
  float16: (view, at, value, little) => view.setUint16(at, value, little),
  uint32: (view, at, value, little) => view.setUint32(at, value, little),
  int32: (view, at, value, little) => view.setInt32(at, value, little),
  float32: (view, at, value, little) => view.setFloat32(at, value, little),
  float64: (view, at, value, little) => view.setFloat64(at, value, little),
};

const [text, short, long] = [2, 3, 4] as const;
const bytesOf = { [text]: 1, [short]: 2, [long]: 4 } as const;

/** An uncompressed TIFF of one strip. */
export function tiff(options: TiffOptions): Uint8Array {
  const { width, kind, values, channels = 1, extraSamples, orientation = 1, noData, bigEndian = false, big = false } = options;
  const [bits, format] = kinds[kind];
  const bytes = (values.length * bits) / 8;
  const height = values.length / channels / width;
  const each = (value: number): readonly number[] => Array<number>(channels).fill(value);
  const entries: (readonly [tag: number, type: keyof typeof bytesOf, values: readonly number[]])[] = [
    [256, short, [width]],
    [257, short, [height]],
    [258, short, each(bits)],
    [259, short, [1]],
    [262, short, [options.photometric ?? (channels < 3 ? 1 : 2)]],
    [273, long, [0]],
    [274, short, [orientation]],
    [277, short, [channels]],
    [278, short, [height]],
    [279, long, [bytes]],
    ...(extraSamples ? [[338, short, extraSamples] as const] : []),
    [339, short, each(format)],
    ...(noData === undefined ? [] : [[42113, text, [...Buffer.from(`${noData}\0`)]] as const]),
  ];
  const [start, head, entryBytes, room] = big ? [16, 8, 20, 8] : [8, 2, 12, 4];
  const size = (type: keyof typeof bytesOf, count: number): number => bytesOf[type] * count;
  const lists = start + head + entryBytes * entries.length + room;
  const data = entries.reduce((at, [, type, list]) => at + (size(type, list.length) > room ? size(type, list.length) : 0), lists);
  const view = new DataView(new ArrayBuffer(data + bytes));
  const little = !bigEndian;
  const place = (at: number, value: number): void =>
    big ? view.setBigUint64(at, BigInt(value), little) : view.setUint32(at, value, little);
  view.setUint16(0, bigEndian ? 0x4d4d : 0x4949);
  view.setUint16(2, big ? 43 : 42, little);
  if (big) view.setUint16(4, 8, little);
  place(start - room, start);
  if (big) view.setBigUint64(start, BigInt(entries.length), little);
  else view.setUint16(start, entries.length, little);
  let free = lists;
  for (const [i, [tag, type, list]] of entries.entries()) {
    const at = start + head + entryBytes * i;
    view.setUint16(at, tag, little);
    view.setUint16(at + 2, type, little);
    place(at + 4, list.length);
    let to = at + 4 + room;
    if (size(type, list.length) > room) {
      place(to, free);
      to = free;
      free += size(type, list.length);
    }
    for (const value of tag === 273 ? [data] : list) {
      if (type === text) view.setUint8(to, value);
      else if (type === short) view.setUint16(to, value, little);
      else view.setUint32(to, value, little);
      to += size(type, 1);
    }
  }
  for (const [i, value] of values.entries()) writers[kind](view, data + (i * bits) / 8, value, little);
  return new Uint8Array(view.buffer);
}
