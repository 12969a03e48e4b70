// In which colours a HEIF's first image is: from its `colr` boxes (ISO/IEC 23008-12 and 14496-12), which libheif's JavaScript leaves unread.

/** A profile of the file, or a name for what needs none of its own. */
export type HeifColour = { readonly icc: Buffer } | 'display-p3';

interface Box {
  readonly type: string;
  /** What is inside. */
  readonly body: Buffer;
}

/** Colour primaries of Display P3 (ISO/IEC 23091-2), and transfers that are no picture of 8 bits for a screen: PQ and HLG. */
const displayP3 = 12;
const highRange: ReadonlySet<number> = new Set([16, 18]);

function* boxesIn(bytes: Buffer): Generator<Box> {
  for (let at = 0; at + 8 <= bytes.length;) {
    const small = bytes.readUInt32BE(at);
    const header = small === 1 ? 16 : 8;
    const size = small === 1 ? Number(bytes.readBigUInt64BE(at + 8)) : small === 0 ? bytes.length - at : small;
    if (size < header || at + size > bytes.length) return;
    yield { type: bytes.toString('latin1', at + 4, at + 8), body: bytes.subarray(at + header, at + size) };
    at += size;
  }
}

const inside = (bytes: Buffer | undefined, type: string): Buffer | undefined =>
  bytes && boxesIn(bytes).find((box) => box.type === type)?.body;

/** The places, from 1, of an item's properties. */
function propertiesOf(item: number, ipma: Buffer): number[] {
  const isWideItem = ipma[0]! > 0;
  const isWidePlace = (ipma[3]! & 1) === 1;
  let at = 8;
  for (let left = ipma.readUInt32BE(4); left > 0; left--) {
    const id = isWideItem ? ipma.readUInt32BE(at) : ipma.readUInt16BE(at);
    at += isWideItem ? 4 : 2;
    const count = ipma[at++]!;
    const places: number[] = [];
    // The first bit says whether a reader must know the property.
    for (let i = 0; i < count; i++, at += isWidePlace ? 2 : 1)
      places.push(isWidePlace ? ipma.readUInt16BE(at) & 0x7fff : ipma.readUInt8(at) & 0x7f);
    if (id === item) return places;
  }
  return [];
}

function colourOf(boxes: readonly Box[]): HeifColour | undefined {
  const colours = boxes.filter(({ type }) => type === 'colr').map(({ body }) => ({ kind: body.toString('latin1', 0, 4), body }));
  // A profile says more than a number does, where there are both.
  const profile = colours.find(({ kind }) => kind === 'prof' || kind === 'rICC')?.body.subarray(4);
  if (profile && profile.length > 128) return { icc: profile };
  const coded = colours.find(({ kind }) => kind === 'nclx')?.body;
  return coded?.readUInt16BE(4) === displayP3 && !highRange.has(coded.readUInt16BE(6)) ? 'display-p3' : undefined;
}

/** Undefined for sRGB, for what says nothing, and for boxes that are in disorder. */
export function heifColour(bytes: Buffer): HeifColour | undefined {
  try {
    const meta = inside(bytes, 'meta')?.subarray(4);
    const iprp = inside(meta, 'iprp');
    const [pitm, ipco, ipma] = [inside(meta, 'pitm'), inside(iprp, 'ipco'), inside(iprp, 'ipma')];
    if (!pitm || !ipco || !ipma) return undefined;
    const all = [...boxesIn(ipco)];
    const primary = pitm[0] === 0 ? pitm.readUInt16BE(4) : pitm.readUInt32BE(4);
    const own = propertiesOf(primary, ipma).flatMap((place) => all[place - 1] ?? []);
    // A picture of tiles may leave it to them.
    return colourOf(own.some(({ type }) => type === 'colr') ? own : all);
  } catch {
    return undefined;
  }
}
