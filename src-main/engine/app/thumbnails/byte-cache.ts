// What was used last, up to a number of bytes.

export class ByteCache<T extends { readonly bytes: Uint8Array }> {
  readonly #limit: number;
  readonly #kept = new Map<string, T>();
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): T | undefined {
    const value = this.#kept.get(key);
    if (!value) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, value);
    return value;
  }

  /** Something larger than the limit is not kept. */
  put(key: string, value: T): void {
    this.#forget(key);
    this.#kept.set(key, value);
    this.#bytes += value.bytes.byteLength;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#limit) return;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#bytes -= this.#kept.get(key)?.bytes.byteLength ?? 0;
    this.#kept.delete(key);
  }
}
