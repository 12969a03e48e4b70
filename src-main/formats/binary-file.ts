// A file that is read by position: one handle, its size, and reads that are whole or say that they are not.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { systemError } from '../../shared/errors.ts';

export class BinaryFile {
  readonly path: string;
  /** Bytes, when it was opened. */
  readonly size: number;
  readonly #handle: number;

  /** Throws `not-found`, `not-writable`. */
  constructor(path: string) {
    this.path = path;
    try {
      this.#handle = openSync(path, 'r');
    } catch (error) {
      throw systemError(error) ?? error;
    }
    this.size = fstatSync(this.#handle).size;
  }

  /** Fills all of `bytes` with what lies from `start` on; false when the file ends before. */
  fill(bytes: Uint8Array, start: number): boolean {
    for (let at = 0; at < bytes.length;) {
      const read = readSync(this.#handle, bytes, at, Math.min(bytes.length - at, 1 << 30), start + at);
      if (read === 0) return false;
      at += read;
    }
    return true;
  }

  dispose(): void {
    closeSync(this.#handle);
  }
}
