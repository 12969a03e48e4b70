// The page's files as HTTP answers: compressed once, in the background, and kept in memory.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { RendererFile } from '../link/renderer-files.ts';

const compressible = /^(?:text\/|application\/(?:json|wasm)|image\/svg)/;
const brotliQuality = 9;

type Encoding = 'br' | 'gzip';

export class PageFiles {
  readonly #files: ReadonlyMap<string, RendererFile>;
  readonly #compressed = new Map<RendererFile, Partial<Record<Encoding, Buffer>>>();
  /** Settles when everything is compressed; what is asked for before goes out as it is. */
  readonly ready: Promise<void>;

  constructor(files: ReadonlyMap<string, RendererFile>) {
    this.#files = files;
    this.ready = this.#compress();
  }

  async #compress(): Promise<void> {
    const compressAs = {
      gzip: async (body: Buffer) => promisify(gzip)(body, { level: 6 }),
      br: async (body: Buffer) => promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality } }),
    };
    for (const file of new Set(this.#files.values())) {
      if (!compressible.test(file.type)) continue;
      const kept: Partial<Record<Encoding, Buffer>> = {};
      this.#compressed.set(file, kept);
      for (const encoding of ['gzip', 'br'] as const) {
        const body = await compressAs[encoding](file.body);
        if (body.length < file.body.length) kept[encoding] = body;
      }
    }
  }

  /** Answers for an address of the table; false for any other. */
  answer(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    const file = this.#files.get(path);
    if (!file) return false;
    const accepted = String(request.headers['accept-encoding'] ?? '');
    const kept = this.#compressed.get(file) ?? {};
    const encoding = (['br', 'gzip'] as const).find(
      (one) => kept[one] && new RegExp(`\\b${one}\\b(?!;q=0(?:\\.0*)?(?:,|$))`).test(accepted),
    );
    const body = encoding ? kept[encoding]! : file.body;
    // Weak: the same content in several encodings.
    response.setHeader('etag', `W/${file.etag}`);
    response.setHeader('cache-control', file.hashed ? 'private, max-age=31536000, immutable' : 'private, no-cache');
    response.setHeader('vary', 'accept-encoding');
    if (file.policy) response.setHeader('content-security-policy', file.policy);
    if (request.headers['if-none-match']?.includes(file.etag)) {
      response.writeHead(304).end();
      return true;
    }
    if (encoding) response.setHeader('content-encoding', encoding);
    response.writeHead(200, { 'content-type': file.type, 'content-length': body.length });
    response.end(request.method === 'HEAD' ? undefined : body);
    return true;
  }
}
