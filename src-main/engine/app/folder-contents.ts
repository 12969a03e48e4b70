// The different images of a folder, as sets of contents, read again only when the catalogue has changed.
import { crc32 } from 'node:zlib';
import { changeStamp, contentHashes } from '../../library/content-images.ts';
import type { Library } from '../../library/library.ts';

const hashBytes = 32;

export interface FolderContents {
  readonly images: number;
  /** Equal for equal contents. */
  readonly digest: number;
  /** How many of `hashes` [n, 32 bytes] the folder has. */
  count(hashes: Uint8Array): number;
}

/** Half of a hash tells contents apart as well as all of it. */
const keyOf = (hashes: Buffer, at: number): string => hashes.toString('latin1', at, at + hashBytes / 2);

function describe(hashes: Uint8Array): FolderContents {
  let keys: Set<string> | undefined;
  const buffer = Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength);
  return {
    images: hashes.length / hashBytes,
    digest: crc32(hashes),
    count: (others) => {
      if (!keys) {
        keys = new Set();
        for (let at = 0; at < buffer.length; at += hashBytes) keys.add(keyOf(buffer, at));
      }
      const given = Buffer.from(others.buffer, others.byteOffset, others.byteLength);
      let found = 0;
      for (let at = 0; at < given.length; at += hashBytes) if (keys.has(keyOf(given, at))) found++;
      return found;
    },
  };
}

export class FolderContentsCache {
  readonly #library: Library;
  readonly #known = new Map<number, { readonly stamp: number; readonly contents: FolderContents }>();

  constructor(library: Library) {
    this.#library = library;
  }

  of(folder: number): FolderContents {
    const stamp = changeStamp(this.#library);
    const known = this.#known.get(folder);
    if (known?.stamp === stamp) return known.contents;
    const fresh = describe(contentHashes(this.#library, folder));
    const contents = known?.contents.digest === fresh.digest ? known.contents : fresh;
    this.#known.set(folder, { stamp, contents });
    return contents;
  }
}
