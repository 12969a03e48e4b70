// The different images of a folder, as sets of contents, read again only when they have changed.
import { crc32 } from 'node:zlib';
import { inPieces } from '../../../files/in-pieces.ts';
import type { Pieces } from '../../../files/in-pieces.ts';
import { contentHashes } from '../../../library/content-images.ts';
import type { Library } from '../../../library/library.ts';

const hashBytes = 32;
/** Bytes of hashes looked at before others may get their turn. */
const pieceBytes = 1000 * hashBytes;

export interface FolderContents {
  readonly images: number;
  /** Equal for equal contents. */
  readonly digest: number;
  /** How many of `hashes` [n, 32 bytes] the folder has. */
  count(hashes: Uint8Array): Promise<number>;
}

/** Half of a hash tells contents apart as well as all of it. */
const keyOf = (hashes: Buffer, at: number): string => hashes.toString('latin1', at, at + hashBytes / 2);

function* keysOf(hashes: Uint8Array): Pieces<ReadonlySet<string>> {
  const buffer = Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength);
  const keys = new Set<string>();
  for (let at = 0; at < buffer.length; at += hashBytes) {
    keys.add(keyOf(buffer, at));
    if (at % pieceBytes === 0) yield;
  }
  return keys;
}

function* counted(keys: ReadonlySet<string>, hashes: Uint8Array): Pieces<number> {
  const buffer = Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength);
  let found = 0;
  for (let at = 0; at < buffer.length; at += hashBytes) {
    if (keys.has(keyOf(buffer, at))) found++;
    if (at % pieceBytes === 0) yield;
  }
  return found;
}

function describe(hashes: Uint8Array): FolderContents {
  let keys: Promise<ReadonlySet<string>> | undefined;
  return {
    images: hashes.length / hashBytes,
    digest: crc32(hashes),
    count: async (others) => {
      keys ??= inPieces(keysOf(hashes));
      return inPieces(counted(await keys, others));
    },
  };
}

export class FolderContentsCache {
  readonly #library: Library;
  readonly #known = new Map<number, { readonly stamp: string; readonly contents: Promise<FolderContents> }>();

  constructor(library: Library) {
    this.#library = library;
  }

  async #read(folder: number, before: Promise<FolderContents> | undefined): Promise<FolderContents> {
    const fresh = describe(await inPieces(contentHashes(this.#library, folder)));
    const known = await before?.catch(() => undefined);
    return known?.digest === fresh.digest ? known : fresh;
  }

  async of(folder: number): Promise<FolderContents> {
    const stamp = this.#library.stamps.contents(folder);
    const known = this.#known.get(folder);
    if (known?.stamp === stamp) return known.contents;
    const contents = this.#read(folder, known?.contents);
    this.#known.set(folder, { stamp, contents });
    contents.catch(() => this.#known.delete(folder));
    return contents;
  }
}
