// Content hash → row for a million images in 40 MB: the hashes as bytes, and an open-addressing table of row numbers.
import { AppError } from '../../shared/errors.ts';

export const hashBytes = 32;

export class HashIndex {
  #hashes = new Uint8Array(1024 * hashBytes);
  /** Row + 1; 0 is free. Its length is a power of two, at least twice the rows. */
  #slots = new Uint32Array(4096);
  #rows = 0;

  get rows(): number {
    return this.#rows;
  }

  /** Row of a hash (64 hex digits), or `undefined`. Throws `bad-input` for anything else. */
  rowOf(hash: string): number | undefined {
    const slot = this.#slots[this.#find(bytesOf(hash))]!;
    return slot === 0 ? undefined : slot - 1;
  }

  /** The hash of a row, lower-case hex. */
  hashOf(row: number): string {
    return Buffer.from(this.#hashes.buffer, row * hashBytes, hashBytes).toString('hex');
  }

  /** Appends hashes [·, 32 bytes]; of equal ones the first row counts. */
  append(hashes: Uint8Array): void {
    const count = hashes.length / hashBytes;
    this.#grow(this.#rows + count);
    this.#hashes.set(hashes, this.#rows * hashBytes);
    for (let i = 0; i < count; i++) this.#insert(this.#rows++);
  }

  #insert(row: number): void {
    const place = this.#find(this.#hashes.subarray(row * hashBytes, (row + 1) * hashBytes));
    if (this.#slots[place] === 0) this.#slots[place] = row + 1;
  }

  /** The slot that holds the hash, or the free one where it belongs. */
  #find(hash: Uint8Array): number {
    const mask = this.#slots.length - 1;
    let place = (hash[0]! | (hash[1]! << 8) | (hash[2]! << 16) | (hash[3]! << 24)) & mask;
    for (; ; place = (place + 1) & mask) {
      const slot = this.#slots[place]!;
      if (slot === 0 || this.#equals(slot - 1, hash)) return place;
    }
  }

  #equals(row: number, hash: Uint8Array): boolean {
    const at = row * hashBytes;
    for (let i = 0; i < hashBytes; i++) if (this.#hashes[at + i] !== hash[i]) return false;
    return true;
  }

  #grow(rows: number): void {
    if (rows * hashBytes > this.#hashes.length) {
      const larger = new Uint8Array(Math.max(rows, Math.ceil((this.#hashes.length / hashBytes) * 1.5)) * hashBytes);
      larger.set(this.#hashes);
      this.#hashes = larger;
    }
    if (rows * 2 <= this.#slots.length) return;
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(rows * 3)));
    for (let row = 0; row < this.#rows; row++) this.#insert(row);
  }
}

/** 64 hex digits as 32 bytes. Throws `bad-input`. */
export function bytesOf(hash: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/i.test(hash)) {
    throw new AppError('bad-input', `“${hash}” is no SHA-256 of a file.`, 'Read the folder again.');
  }
  return Buffer.from(hash, 'hex');
}
