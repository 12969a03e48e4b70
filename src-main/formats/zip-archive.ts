// Reads the zip files that torch writes: stored entries, 64-bit sizes. Every number is checked against the file before it is used, and
// entries may neither overlap nor disagree with their directory, so that no small file can pose as a large one.
import { crc32 } from 'node:zlib';
import { AppError } from '../../shared/errors.ts';
import { BinaryFile } from './binary-file.ts';

interface Entry {
  /** Where the entry's own header begins. */
  readonly header: number;
  /** Bytes. */
  readonly size: number;
  readonly checksum: number;
}

interface Directory {
  readonly start: number;
  readonly size: number;
  readonly entries: number;
}

const mostEntries = 200_000;
const largestDirectory = 64 * 1024 * 1024;
const endBytes = 22;
const largestComment = 0xffff;
const signatures = { entry: 0x04034b50, directory: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50 } as const;

export class ZipArchive {
  readonly path: string;
  readonly #file: BinaryFile;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #directoryStart: number;

  /** Throws `not-found`, `bad-checkpoint` for a file that is cut or no zip, `unsafe-file` for one made to mislead. */
  constructor(path: string) {
    this.path = path;
    this.#file = new BinaryFile(path);
    try {
      const directory = this.#findDirectory();
      this.#directoryStart = directory.start;
      this.#entries = this.#readDirectory(directory);
      this.#refuseOverlaps();
    } catch (error) {
      this.#file.dispose();
      throw error;
    }
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Bytes of an entry; undefined when there is none of that name. */
  sizeOf(name: string): number | undefined {
    return this.#entries.get(name)?.size;
  }

  /** An entry's bytes in a new array, compared with their checksum. Throws `bad-checkpoint`. */
  read(name: string): Uint8Array<ArrayBuffer> {
    const entry = this.#entries.get(name);
    if (!entry) throw this.#damaged(`it has no entry '${name}'`);
    const bytes = this.#bytes(this.#dataStart(name, entry), entry.size);
    if (crc32(bytes) !== entry.checksum) throw this.#damaged(`'${name}' does not match its checksum`);
    return bytes;
  }

  dispose(): void {
    this.#file.dispose();
  }

  #damaged(problem: string): AppError {
    return new AppError('bad-checkpoint', `${this.path} cannot be used: ${problem}.`, 'Copy or download the file again.');
  }

  #unsafe(problem: string): AppError {
    return new AppError(
      'unsafe-file',
      `${this.path} was not written by torch.save: ${problem}.`,
      'Do not open it with other programs either; get the weights from their authors, best as safetensors.',
    );
  }

  #bytes(start: number, length: number): Uint8Array<ArrayBuffer> {
    if (start < 0 || length < 0 || start + length > this.#file.size) throw this.#damaged('it was cut off');
    const bytes = new Uint8Array(length);
    if (!this.#file.fill(bytes, start)) throw this.#damaged('it was cut off while it was read');
    return bytes;
  }

  #view(start: number, length: number): DataView {
    return new DataView(this.#bytes(start, length).buffer);
  }

  #number(view: DataView, at: number): number {
    const value = view.getBigUint64(at, true);
    if (value > BigInt(this.#file.size)) throw this.#damaged('it was cut off');
    return Number(value);
  }

  #findDirectory(): Directory {
    const length = Math.min(this.#file.size, endBytes + largestComment);
    const tail = this.#view(this.#file.size - length, length);
    let at = length - endBytes;
    while (at >= 0 && (tail.getUint32(at, true) !== signatures.end || tail.getUint16(at + 20, true) !== length - at - endBytes)) at--;
    if (at < 0) throw this.#damaged('it is no zip file, or was cut off');
    const end = this.#file.size - length + at;
    const small = { entries: tail.getUint16(at + 10, true), size: tail.getUint32(at + 12, true), start: tail.getUint32(at + 16, true) };
    const large = small.entries === 0xffff || small.size === 0xffffffff || small.start === 0xffffffff;
    const found = large ? this.#findDirectory64(end) : { ...small, limit: end };
    if (found.start + found.size > found.limit) throw this.#damaged('its directory lies outside of it');
    if (found.entries > mostEntries || found.size > largestDirectory) throw this.#unsafe('its directory is far too large');
    return found;
  }

  #findDirectory64(end: number): Directory & { readonly limit: number } {
    const locator = this.#view(end - 20, 20);
    if (locator.getUint32(0, true) !== signatures.locator64) throw this.#damaged('its directory is missing');
    const at = this.#number(locator, 8);
    const record = this.#view(at, 56);
    if (record.getUint32(0, true) !== signatures.end64) throw this.#damaged('its directory is missing');
    return { entries: this.#number(record, 32), size: this.#number(record, 40), start: this.#number(record, 48), limit: at };
  }

  #readDirectory({ start, size, entries: count }: Directory): ReadonlyMap<string, Entry> {
    const view = this.#view(start, size);
    const entries = new Map<string, Entry>();
    let at = 0;
    for (let i = 0; i < count; i++) {
      if (at + 46 > size || view.getUint32(at, true) !== signatures.directory) throw this.#damaged('its directory is damaged');
      const lengths = [28, 30, 32].map((place) => view.getUint16(at + place, true)) as [number, number, number];
      const next = at + 46 + lengths[0] + lengths[1] + lengths[2];
      if (next > size) throw this.#damaged('its directory is damaged');
      const name = this.#text(new Uint8Array(view.buffer, at + 46, lengths[0]));
      if (view.getUint16(at + 8, true) & 1) throw this.#unsafe(`'${name}' is encrypted`);
      if (view.getUint16(at + 10, true) !== 0) throw this.#unsafe(`'${name}' is compressed`);
      if (entries.has(name)) throw this.#unsafe(`'${name}' is in it twice`);
      const { packed, ...entry } = this.#entryAt(view, at, at + 46 + lengths[0], lengths[1]);
      if (packed !== entry.size) throw this.#unsafe(`'${name}' has two sizes`);
      entries.set(name, entry);
      at = next;
    }
    return entries;
  }

  /** Sizes of an entry of the directory; those that do not fit 32 bits stand in an extra field. */
  #entryAt(view: DataView, at: number, extraStart: number, extraLength: number): Entry & { readonly packed: number } {
    let [size, packed, header] = [24, 20, 42].map((place) => view.getUint32(at + place, true)) as [number, number, number];
    for (let field = extraStart; field + 4 <= extraStart + extraLength;) {
      const length = view.getUint16(field + 2, true);
      if (view.getUint16(field, true) === 1) {
        const limit = Math.min(field + 4 + length, extraStart + extraLength);
        let place = field + 4;
        const next = (): number => {
          if (place + 8 > limit) throw this.#damaged('its directory is damaged');
          place += 8;
          return this.#number(view, place - 8);
        };
        if (size === 0xffffffff) size = next();
        if (packed === 0xffffffff) packed = next();
        if (header === 0xffffffff) header = next();
      }
      field += 4 + length;
    }
    return { size, packed, header, checksum: view.getUint32(at + 16, true) };
  }

  /** Where an entry's bytes begin. Its own header must name the same entry. */
  #dataStart(name: string, { header }: Entry): number {
    if (header + 30 > this.#directoryStart) throw this.#damaged(`'${name}' lies outside of it`);
    const view = this.#view(header, 30);
    if (view.getUint32(0, true) !== signatures.entry) throw this.#damaged(`'${name}' is not where it should be`);
    const [nameLength, extraLength] = [view.getUint16(26, true), view.getUint16(28, true)];
    if (this.#text(this.#bytes(header + 30, nameLength)) !== name) throw this.#unsafe(`'${name}' has two names`);
    return header + 30 + nameLength + extraLength;
  }

  #refuseOverlaps(): void {
    const places = [...this.#entries].map(([name, entry]) => ({
      name,
      start: entry.header,
      end: this.#dataStart(name, entry) + entry.size,
    }));
    let last = 0;
    for (const { name, start, end } of places.toSorted((a, b) => a.start - b.start)) {
      if (start < last) throw this.#unsafe(`'${name}' lies inside another entry`);
      if (end > this.#directoryStart) throw this.#damaged(`'${name}' lies outside of it`);
      last = end;
    }
  }

  #text(bytes: Uint8Array): string {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      throw this.#unsafe('it has a name that is no text');
    }
  }
}
