// Takes vectors out of stores whose pictures have become others.
import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { takeLock } from '../files/folder-lock.ts';
import { hashBytes } from './hash-index.ts';

/** Written over the hash of a row: it is nobody's then, as that of an image that went away. */
const nobody = new Uint8Array(hashBytes);

/** Forgets the vectors of contents in every store below `root`; their rows stay. Throws `locked` while one is written to, the operating system's errors. */
export function forgetVectors(root: string, hashes: ReadonlySet<string>): void {
  for (const name of existsSync(root) ? readdirSync(root) : []) {
    const file = join(root, name, 'hashes.bin');
    if (!existsSync(file)) continue;
    const lock = takeLock(join(root, name), 'writer.lock');
    try {
      const known = readFileSync(file);
      const handle = openSync(file, 'r+');
      try {
        for (let at = 0; at + hashBytes <= known.length; at += hashBytes)
          if (hashes.has(known.toString('hex', at, at + hashBytes))) writeSync(handle, nobody, 0, hashBytes, at);
      } finally {
        closeSync(handle);
      }
    } finally {
      lock.dispose();
    }
  }
}
