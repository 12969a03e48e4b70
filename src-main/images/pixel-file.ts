// How pixels get from a decoder to the engine: through a file that both have open and that has no name any more. A message between
// processes would copy them four times, a third of a millisecond for a picture of 320×256.
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Pictures from this size on go through the file, bytes. */
const smallest = 16 * 1024;
/** Room of a place, bytes; a larger picture goes as a message. The file is sparse: it takes what was written. */
const placeBytes = 32 * 1024 * 1024;

/** Memory kept for pictures to come, in pieces. */
const spares = 4;

/** Stands in for the pixels in a message. */
export interface PlacedPixels {
  readonly place: number;
  readonly bytes: number;
}

/** The engine's end. */
export class PixelFile {
  readonly path: string;
  readonly #folder: string;
  readonly #file: number;
  readonly #spare: Uint8Array[] = [];

  /** Makes the file. Throws the operating system's error. */
  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), 'ijepa-decoder-'));
    this.path = join(this.#folder, 'pixels');
    this.#file = openSync(this.path, 'wx+', 0o600);
  }

  /** To be called when the decoder has opened the file, so that nothing stays behind when either of the two is killed. */
  forgetName(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Pixels, and what gives their memory back. Throws when fewer bytes are there, which no decoder that answers leaves behind. */
  read({ place, bytes }: PlacedPixels): { readonly pixels: Uint8Array; readonly release: () => void } {
    const at = this.#spare.findIndex((spare) => spare.length >= bytes);
    const memory = at < 0 ? new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer) : this.#spare.splice(at, 1)[0]!;
    for (let done = 0; done < bytes;) {
      const count = readSync(this.#file, memory, done, bytes - done, place * placeBytes + done);
      if (count === 0) throw new Error(`The pixels end after ${done} of ${bytes} bytes.`);
      done += count;
    }
    let released = false;
    const release = (): void => {
      if (!released && this.#spare.length < spares) this.#spare.push(memory);
      released = true;
    };
    return { pixels: memory.subarray(0, bytes), release };
  }

  dispose(): void {
    closeSync(this.#file);
    this.forgetName();
  }
}

/** The decoder's end: puts pixels into a place; undefined when they must be sent instead. */
export function pixelWriter(path: string | undefined): (place: number, pixels: Uint8Array) => PlacedPixels | undefined {
  let file: number;
  try {
    if (path === undefined) return () => undefined;
    file = openSync(path, 'r+');
  } catch {
    return () => undefined;
  }
  return (place, pixels) => {
    if (pixels.length < smallest || pixels.length > placeBytes) return undefined;
    try {
      for (let at = 0; at < pixels.length;) at += writeSync(file, pixels, at, pixels.length - at, place * placeBytes + at);
      return { place, bytes: pixels.length };
    } catch {
      return undefined; // the disk of temporary files is full
    }
  };
}
