// Downloads that may be cut at any byte: what came is kept beside its place, the next try goes on from there, and only a file whose
// checksum is right takes its name.
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { closeSync, createReadStream, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { AppError, systemError } from '../../shared/errors.ts';
import { syncFolder } from './write-aside.ts';

export interface Expected {
  /** Hex; without it the one that the server states is taken (Hugging Face does for its large files). */
  readonly sha256?: string | undefined;
  /** A file that need not be there. */
  readonly optional?: boolean;
}

export interface DownloadProgress {
  readonly file: string;
  /** Bytes that are here, of those there are; undefined where the server does not say. */
  readonly done: number;
  readonly total: number | undefined;
}

export interface DownloadOptions {
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
}

/** A server that says nothing for so long is taken for gone. */
const silenceMs = 60_000;
/** Progress is told this often at most. */
const tellMs = 200;
const mostRedirects = 5;

const partOf = (target: string): string => `${target}.part`;
const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

function unreachable(url: URL, error: unknown): AppError {
  const reason = error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);
  return new AppError(
    'network',
    `${url.host} cannot be reached: ${reason || 'no connection'}.`,
    'Try again: what came is kept. Behind a proxy set NODE_USE_ENV_PROXY=1 beside HTTPS_PROXY. Without a network, fetch the files elsewhere and import them: ijepa-studio import FOLDER',
    error,
  );
}

/** One answer, after redirects; what the first server says of a file it keeps elsewhere is handed on. */
async function ask(
  address: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<{ response: Response; stated: string | undefined }> {
  let url = new URL(address);
  let stated: string | undefined;
  for (let hop = 0; hop <= mostRedirects; hop++) {
    let response: Response;
    try {
      response = await fetch(url, { headers, redirect: 'manual', signal });
    } catch (error) {
      if (signal.aborted) throw error;
      throw unreachable(url, error);
    }
    stated ??= /^"?([0-9a-f]{64})"?$/.exec(response.headers.get('x-linked-etag') ?? '')?.[1];
    const next = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || next === null) return { response, stated };
    await response.body?.cancel();
    const target = new URL(next, url);
    if (url.protocol === 'https:' && target.protocol !== 'https:')
      throw new AppError('not-allowed', `${url.host} hands on to an unprotected address.`, 'Fetch the file in another way and import it.');
    url = target;
  }
  throw new AppError('network', `${new URL(address).host} hands on in a circle.`, 'Try again later.');
}

async function hashOf(file: string): Promise<Hash> {
  const hash = createHash('sha256');
  if (sizeOf(file) > 0) for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  return hash;
}

/** The `total` of an answer to a request for a part or for everything. */
function totalOf(response: Response): number | undefined {
  const range = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  const length = range ?? (response.status === 200 ? response.headers.get('content-length') : null);
  return length === null || length === undefined ? undefined : Number(length);
}

/**
 * Fetches a file to `target`, from where an earlier try ended. Resolves with false for an optional file that is not there. Throws
 * `network`, `not-found`, `bad-file` when the checksum is wrong (nothing is kept then), `disk-full`, `cancelled` with the signal's abort.
 */
export async function download(
  address: string,
  target: string,
  expected: Expected = {},
  { onProgress, signal }: DownloadOptions = {},
): Promise<boolean> {
  const part = partOf(target);
  mkdirSync(dirname(target), { recursive: true });
  const silence = new AbortController();
  const both = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal;
  let timer = setTimeout(() => silence.abort(), silenceMs);
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), silenceMs);
  };
  try {
    let begun = sizeOf(part);
    let { response, stated } = await ask(address, begun > 0 ? { range: `bytes=${begun}-` } : {}, both);
    if (response.status === 416) {
      // All of it is here already, or it is another file by now: the checksum tells.
      await response.body?.cancel();
      if (totalOf(response) !== begun) {
        rmSync(part);
        begun = 0;
        ({ response, stated } = await ask(address, {}, both));
      }
    }
    if (response.status === 404 && expected.optional === true) return false;
    if (response.status === 404)
      throw new AppError(
        'not-found',
        `${address} is not there.`,
        'It may have been moved: look for it with a browser, and import the file.',
      );
    if (!response.ok && response.status !== 416)
      throw new AppError('network', `${new URL(address).host} answered ${response.status}.`, 'Try again later: what came is kept.');
    if (response.status === 200) begun = 0;
    const hash = begun > 0 ? await hashOf(part) : createHash('sha256');
    const total = totalOf(response);
    if (response.ok)
      await receive(response, part, begun, hash, heard, (done) => onProgress?.({ file: basename(target), done, total }), both);
    const sha256 = expected.sha256 ?? stated;
    if (total !== undefined && sizeOf(part) < total) throw unreachable(new URL(address), new Error('the connection was cut'));
    if (sha256 !== undefined && hash.digest('hex') !== sha256) {
      rmSync(part, { force: true });
      throw new AppError(
        'bad-file',
        `${basename(target)} is not what it should be: its checksum is wrong.`,
        'Try again; it is fetched anew.',
      );
    }
    renameSync(part, target);
    syncFolder(dirname(target));
    return true;
  } catch (error) {
    if (signal?.aborted === true)
      throw new AppError('cancelled', 'The download was stopped.', 'Start it again: it goes on from where it was.', error);
    if (silence.signal.aborted) throw unreachable(new URL(address), new Error(`nothing came for ${silenceMs / 1000} seconds`));
    throw systemError(error) ?? error;
  } finally {
    clearTimeout(timer);
  }
}

/** Appends the body to the part; what was written stays when it is cut. */
async function receive(
  response: Response,
  part: string,
  begun: number,
  hash: Hash,
  heard: () => void,
  tell: (done: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const handle = openSync(part, begun > 0 ? 'a' : 'w');
  let done = begun;
  let told = 0;
  try {
    for await (const piece of response.body ?? []) {
      heard();
      for (let at = 0; at < piece.length;) at += writeSync(handle, piece, at);
      hash.update(piece);
      done += piece.length;
      if (performance.now() - told < tellMs) continue;
      told = performance.now();
      tell(done);
    }
    fsyncSync(handle);
    tell(done);
  } catch (error) {
    if (signal.aborted || systemError(error)) throw error;
    throw unreachable(new URL(response.url || 'http://server'), error);
  } finally {
    closeSync(handle);
  }
}
