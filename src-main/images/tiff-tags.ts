// What the first directory of a TIFF says and sharp does not hand out.

interface Numbers {
  readonly view: DataView;
  readonly little: boolean;
  /** Where the first of `count` 16-bit numbers lies. */
  readonly at: number;
  readonly count: number;
}

const bigTiff = 43;
const short = 3;

/** The 16-bit numbers of a tag in the first directory, of a classic TIFF or a BigTIFF. Throws `RangeError` beyond the end of the file. */
function find(bytes: Uint8Array, wanted: number): Numbers | undefined {
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
    if (tag !== wanted || view.getUint16(entry + 2, little) !== short) continue;
    const count = place(entry + 4);
    const value = entry + 4 + room;
    return { view, little, at: 2 * count > room ? place(value) : value, count };
  }
  return undefined;
}

/** As `find`; a place beyond the end of the file is the same as none. */
function numbersOf(bytes: Uint8Array, tag: number): Numbers | undefined {
  try {
    const numbers = find(bytes, tag);
    return numbers && numbers.at + 2 * numbers.count <= bytes.length ? numbers : undefined;
  } catch {
    return undefined;
  }
}

/** What the channels behind the colours are: 1 and 2 are alpha, 0 is not said. None where the file does not tell. */
export function extraSamples(tiff: Uint8Array): readonly number[] {
  const samples = numbersOf(tiff, 338);
  return samples ? Array.from({ length: samples.count }, (_, i) => samples.view.getUint16(samples.at + 2 * i, samples.little)) : [];
}

/** A copy that says of the same bits that they are numbers without a sign; undefined where it does not say what they are. */
export function asUnsigned(tiff: Uint8Array): Buffer | undefined {
  const copy = Buffer.from(tiff);
  const formats = numbersOf(copy, 339);
  if (!formats) return undefined;
  for (let i = 0; i < formats.count; i++) formats.view.setUint16(formats.at + 2 * i, 1, formats.little);
  return copy;
}
