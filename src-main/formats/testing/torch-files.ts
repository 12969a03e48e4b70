// Makes zip files and pickles byte by byte, honest ones and others.
import { writeFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What the directory claims instead of the truth. */
  readonly claims?: {
    readonly size?: number;
    readonly packed?: number;
    readonly header?: number;
    readonly method?: number;
    readonly flags?: number;
    readonly checksum?: number;
    readonly localName?: string;
  };
  /** Sizes and place stand in the 64-bit extra field. */
  readonly large?: boolean;
}

export interface ZipEnd {
  readonly entries?: number;
  readonly start?: number;
  readonly size?: number;
  /** The directory's place stands in a 64-bit record. */
  readonly large?: boolean;
}

function extra64(values: readonly number[]): Buffer {
  const field = Buffer.alloc(4 + 8 * values.length);
  field.writeUInt16LE(1, 0);
  field.writeUInt16LE(8 * values.length, 2);
  values.forEach((value, i) => field.writeBigUInt64LE(BigInt(value), 4 + 8 * i));
  return field;
}

/** A stored zip file. */
export function zip(entries: readonly ZipEntry[], end: ZipEnd = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  const add = (bytes: Buffer): void => {
    parts.push(bytes);
    at += bytes.length;
  };
  for (const { name, bytes, claims = {}, large = false } of entries) {
    const header = claims.header ?? at;
    const local = Buffer.alloc(30);
    const localName = Buffer.from(claims.localName ?? name);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(localName.length, 26);
    add(Buffer.concat([local, localName, bytes]));
    const record = Buffer.alloc(46);
    const [size, packed] = [claims.size ?? bytes.length, claims.packed ?? claims.size ?? bytes.length];
    const extra = large ? extra64([size, packed, header]) : Buffer.alloc(0);
    record.writeUInt32LE(0x02014b50, 0);
    record.writeUInt16LE(claims.flags ?? 0, 8);
    record.writeUInt16LE(claims.method ?? 0, 10);
    record.writeUInt32LE(claims.checksum ?? crc32(bytes), 16);
    record.writeUInt32LE(large ? 0xffffffff : packed, 20);
    record.writeUInt32LE(large ? 0xffffffff : size, 24);
    record.writeUInt16LE(Buffer.byteLength(name), 28);
    record.writeUInt16LE(extra.length, 30);
    record.writeUInt32LE(large ? 0xffffffff : header, 42);
    directory.push(record, Buffer.from(name), extra);
  }
  const start = at;
  const records = Buffer.concat(directory);
  add(records);
  const place = { entries: end.entries ?? entries.length, size: end.size ?? records.length, start: end.start ?? start };
  if (end.large) {
    const record = Buffer.alloc(56);
    record.writeUInt32LE(0x06064b50, 0);
    [place.entries, place.entries, place.size, place.start].forEach((value, i) => record.writeBigUInt64LE(BigInt(value), 24 + 8 * i));
    const locator = Buffer.alloc(20);
    locator.writeUInt32LE(0x07064b50, 0);
    locator.writeBigUInt64LE(BigInt(at), 8);
    add(Buffer.concat([record, locator]));
  }
  const last = Buffer.alloc(22);
  last.writeUInt32LE(0x06054b50, 0);
  last.writeUInt16LE(end.large ? 0xffff : place.entries, 8);
  last.writeUInt16LE(end.large ? 0xffff : place.entries, 10);
  last.writeUInt32LE(end.large ? 0xffffffff : place.size, 12);
  last.writeUInt32LE(end.large ? 0xffffffff : place.start, 16);
  add(last);
  return Buffer.concat(parts);
}

type Piece = Uint8Array | string | number;
export type Pieces = (Piece | readonly Piece[])[];

/** Instructions one after another: texts are latin1, numbers are bytes. */
export const assemble = (...pieces: Pieces): Buffer =>
  Buffer.concat(
    pieces
      .flat()
      .map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'latin1') : typeof piece === 'number' ? Buffer.of(piece) : piece)),
  );

export const proto = Buffer.of(0x80, 2);
export function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([Buffer.from('X'), length, bytes]);
}
export function integer(value: number): Buffer {
  const bytes = Buffer.alloc(5, 'J');
  bytes.writeInt32LE(value, 1);
  return bytes;
}
export const name = (module: string, attribute: string): Buffer => Buffer.from(`c${module}\n${attribute}\n`);
export const tuple = (...items: readonly Buffer[]): Buffer => assemble('(', ...items, 't');

export interface StorageClaim {
  readonly type?: string;
  readonly key?: string;
  readonly elements: number;
}

export const storage = ({ type = 'FloatStorage', key = '0', elements }: StorageClaim): Buffer =>
  assemble(tuple(text('storage'), name('torch', type), text(key), text('cpu'), integer(elements)), 'Q');

export interface TensorClaim {
  readonly storage: StorageClaim;
  readonly offset?: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** What torch writes for a tensor. */
export const tensor = (claim: TensorClaim): Buffer =>
  assemble(
    name('torch._utils', '_rebuild_tensor_v2'),
    tuple(
      storage(claim.storage),
      integer(claim.offset ?? 0),
      tuple(...claim.shape.map(integer)),
      tuple(...claim.strides.map(integer)),
      Buffer.of(0x89),
      assemble(name('collections', 'OrderedDict'), ')R'),
    ),
    'R',
  );

/** A pickle of one dictionary. */
export const dictionary = (entries: Readonly<Record<string, Buffer>>): Buffer =>
  assemble('}(', ...Object.entries(entries).flatMap(([key, value]) => [text(key), value]), 'u');

/** Writes a file as `torch.save` does, from a pickle without its frame and the bytes of the storages. */
export function writeTorchFile(path: string, value: Buffer, storages: Readonly<Record<string, Uint8Array>>, byteorder = 'little'): void {
  writeFileSync(
    path,
    zip([
      { name: 'archive/data.pkl', bytes: assemble(proto, value, '.') },
      { name: 'archive/byteorder', bytes: Buffer.from(byteorder) },
      ...Object.entries(storages).map(([key, bytes]) => ({ name: `archive/data/${key}`, bytes })),
    ]),
  );
}
