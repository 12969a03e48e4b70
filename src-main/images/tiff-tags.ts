// What the first directory of a TIFF says and sharp does not hand out.

interface Values {
  readonly view: DataView;
  readonly little: boolean;
  /** Where the first of `count` values lies. */
  readonly at: number;
  readonly count: number;
}

const bigTiff = 43;
/** Types of values, by their number in the file: characters of a text, and 16-bit numbers. */
const types = { text: { type: 2, bytes: 1 }, short: { type: 3, bytes: 2 } } as const;

/** The values of a tag in the first directory, of a classic TIFF or a BigTIFF. Throws `RangeError` beyond the end of the file. */
function find(bytes: Uint8Array, wanted: number, { type, bytes: each }: (typeof types)[keyof typeof types]): Values | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const little = view.getUint16(0) === 0x4949;
  const isBig = view.getUint16(2, little) === bigTiff;
  const place = (at: number): number => (isBig ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little));
  const room = isBig ? 8 : 4;
  const directory = place(isBig ? 8 : 4);
  const entries = isBig ? place(directory) : view.getUint16(directory, little);
  const first = directory + (isBig ? 8 : 2);
  for (let i = 0; i < entries; i++) {
    const entry = first + i * (4 + 2 * room);
    const tag = view.getUint16(entry, little);
    if (tag !== wanted || view.getUint16(entry + 2, little) !== type) continue;
    const count = place(entry + 4);
    const value = entry + 4 + room;
    return { view, little, at: each * count > room ? place(value) : value, count };
  }
  return undefined;
}

/** As `find`; a place beyond the end of the file is the same as none. */
function valuesOf(bytes: Uint8Array, tag: number, kind: keyof typeof types): Values | undefined {
  try {
    const values = find(bytes, tag, types[kind]);
    return values && values.at + types[kind].bytes * values.count <= bytes.length ? values : undefined;
  } catch {
    return undefined;
  }
}

/** What the channels behind the colours are: 1 and 2 are alpha, 0 is not said. None where the file does not tell. */
export function extraSamples(tiff: Uint8Array): readonly number[] {
  const samples = valuesOf(tiff, 338, 'short');
  return samples ? Array.from({ length: samples.count }, (_, i) => samples.view.getUint16(samples.at + 2 * i, samples.little)) : [];
}

/** Longer texts are no number. */
const longestNumber = 64;

/**
 * What stands where nothing is known, as programs for maps write it (GDAL_NODATA, a number as a text for all channels); undefined where the file
 * does not say, or says NaN, which is taken for no number anyway.
 */
export function noData(tiff: Uint8Array): number | undefined {
  const text = valuesOf(tiff, 42113, 'text');
  if (!text || text.count > longestNumber) return undefined;
  const written = Buffer.from(tiff.buffer, tiff.byteOffset + text.at, text.count)
    .toString('latin1')
    .split('\0')[0]!
    .trim();
  const infinite = /^([+-]?)inf(inity)?$/i.exec(written);
  const value = written === '' ? Number.NaN : infinite ? (infinite[1] === '-' ? -Infinity : Infinity) : Number(written);
  return Number.isNaN(value) ? undefined : value;
}

/** A copy that says of the same bits that they are numbers without a sign; undefined where it does not say what they are. */
export function asUnsigned(tiff: Uint8Array): Buffer | undefined {
  const copy = Buffer.from(tiff);
  const formats = valuesOf(copy, 339, 'short');
  if (!formats) return undefined;
  for (let i = 0; i < formats.count; i++) formats.view.setUint16(formats.at + 2 * i, 1, formats.little);
  return copy;
}
