// Protocol buffers, the writing half: what ONNX and TensorFlow read their graphs from (protobuf.dev, "Encoding"). Fields are numbers here;
// their names stand where the messages are made.

/** A message under construction: chunks are joined once, so that large tensors are copied once. */
export class Message {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  raw(bytes: Uint8Array): this {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    return this;
  }

  varint(value: number | bigint): this {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(value));
    do {
      const low = Number(rest & 127n);
      rest >>= 7n;
      bytes.push(rest > 0n ? low | 128 : low);
    } while (rest > 0n);
    return this.raw(Uint8Array.from(bytes));
  }

  integer(field: number, value: number | bigint): this {
    return this.varint(field << 3).varint(value);
  }

  float(field: number, value: number): this {
    return this.varint((field << 3) | 5).raw(new Uint8Array(Float32Array.of(value).buffer));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.varint((field << 3) | 2)
      .varint(value.length)
      .raw(value);
  }

  text(field: number, value: string): this {
    return this.bytes(field, utf8(value));
  }

  /** Takes over the chunks of another message: nothing is copied before the end. */
  message(field: number, value: Message): this {
    this.varint((field << 3) | 2).varint(value.#length);
    for (const chunk of value.#chunks) this.raw(chunk);
    return this;
  }

  finish(): Uint8Array {
    if (this.#chunks.length === 1) return this.#chunks[0]!;
    const joined = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    return joined;
  }
}

function utf8(value: string): Uint8Array {
  return Uint8Array.from(unescape(encodeURIComponent(value)), (character) => character.charCodeAt(0));
}
