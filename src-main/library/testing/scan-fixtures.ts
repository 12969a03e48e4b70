// A folder of small pictures, a library beside it, and a decoder that decodes for real, in this process, and says what it was asked.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import sharp from 'sharp';
import { decodeImage } from '../../images/decode.ts';
import { defaultLimits } from '../../images/decoder.ts';
import type { Decoder, DecodeRequest, DecodeResult } from '../../images/decoder.ts';
import { plainSettings } from '../../images/testing/test-images.ts';
import { images } from '../catalogue.ts';
import type { ImageRow } from '../catalogue.ts';
import { openLibrary } from '../library.ts';
import type { Library } from '../library.ts';
import { scan } from '../scan.ts';
import type { ScanEvent, ScanOptions } from '../scan.ts';

/** A small PNG of which each number has another content. */
export async function png(number: number): Promise<Buffer> {
  const background = { r: number & 255, g: (number >> 8) & 255, b: 77 };
  return sharp({ create: { width: 8 + (number % 5), height: 8, channels: 3, background } })
    .png()
    .toBuffer();
}

type Answer = (path: string) => DecodeResult | undefined | Promise<DecodeResult | undefined>;

export class CountingDecoder implements Decoder {
  readonly #root: string;
  readonly #answer: Answer | undefined;
  /** What was decoded, relative to the root, in order. */
  paths: string[] = [];

  /** `answer` replaces the result of a file (relative path) or, by `undefined`, leaves it to the real decoder. */
  constructor(root: string, answer?: Answer) {
    this.#root = root;
    this.#answer = answer;
  }

  async decode(request: DecodeRequest): Promise<DecodeResult> {
    const path = relative(this.#root, request.path).replaceAll('\\', '/');
    this.paths.push(path);
    return (await this.#answer?.(path)) ?? decodeImage(request, defaultLimits);
  }

  /** What was decoded since the last call, sorted. */
  taken(): string[] {
    const { paths } = this;
    this.paths = [];
    return paths.toSorted();
  }

  async dispose(): Promise<void> {}
}

export type Finished = Extract<ScanEvent, { type: 'finished' }>;

/** Scans to the end. */
export async function scanned(
  library: Library,
  root: string,
  options: Partial<ScanOptions> & Pick<ScanOptions, 'decoder'>,
): Promise<Finished> {
  for await (const event of scan(library, root, { settings: plainSettings, shortSide: 32, ...options }))
    if (event.type === 'finished') return event;
  throw new Error('The scan did not finish.');
}

/** A temporary place with `photos` (the root to scan) and `library`. */
export class Place {
  readonly path = mkdtempSync(join(tmpdir(), 'library-'));
  readonly photos = join(this.path, 'photos');
  decoder = new CountingDecoder(this.photos);
  library: Library;

  constructor() {
    mkdirSync(this.photos);
    this.library = openLibrary(join(this.path, 'library'));
  }

  /** Writes pictures (by number) or other content below `photos`. */
  async put(files: Readonly<Record<string, number | string | Uint8Array>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(this.photos, name)), { recursive: true });
      writeFileSync(join(this.photos, name), typeof content === 'number' ? await png(content) : content);
    }
  }

  async scan(options: Partial<ScanOptions> = {}): Promise<Finished> {
    return scanned(this.library, this.photos, { decoder: this.decoder, ...options });
  }

  /** Closes the library and opens it again, as a restart does. */
  reopen(): void {
    this.library.dispose();
    this.library = openLibrary(join(this.path, 'library'));
  }

  rows(): ImageRow[] {
    return images(this.library, {}, { limit: 100_000 });
  }

  row(path: string): ImageRow {
    const row = this.rows().find((one) => one.path === path);
    if (!row) throw new Error(`${path} is not in the catalogue`);
    return row;
  }

  statuses(): Record<string, string> {
    return Object.fromEntries(this.rows().map(({ path, status }) => [path, status]));
  }

  dispose(): void {
    this.library.dispose();
    rmSync(this.path, { recursive: true, force: true });
  }
}
