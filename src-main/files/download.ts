// Downloads that may be cut at any byte: what came is kept beside its place, the next try goes on from there with the same version of the
// file, and only a file whose size and checksum are right takes its name. Where nobody has a checksum the caller is told so.
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { closeSync, createReadStream, fsyncSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { AppError, systemError } from '../../shared/errors.ts';
import { dropPart, dropVersion, isEncoded, isSameVersion, keepVersion, keptVersion, totalOf, versionOf } from './download-version.ts';
import { syncFolder } from './write-aside.ts';

export interface Expected {
  /** Hex; without it the one that the server states is taken (Hugging Face does for its large files). */
  readonly sha256?: string | undefined;
  /** Bytes, of which the size may differ by a share of `tolerance` (none when absent). */
  readonly bytes?: number | undefined;
  readonly tolerance?: number;
  /** A file that need not be there. */
  readonly optional?: boolean;
}

/** What a file was checked by, beside its size: the checksum that was known before, the one that its server states, or nothing. */
export type CheckedBy = 'known' | 'stated' | 'nothing';

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

/** Bytes of a download that are here, whole or as far as an earlier try came. */
export const receivedBytes = (target: string): number => sizeOf(target) + sizeOf(partOf(target));

function unreachable(url: URL, error: unknown): AppError {
  const reason = error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);
  return new AppError(
    'network',
    `${url.host} cannot be reached: ${reason || 'no connection'}.`,
    'Try again: what came is kept. Behind a proxy set NODE_USE_ENV_PROXY=1 beside HTTPS_PROXY. Without a network, fetch the files elsewhere and import them (in a terminal: ijepa-studio import FOLDER).',
    error,
  );
}

interface Answer {
  readonly response: Response;
  /** SHA-256 that the first server states. */
  readonly stated: string | undefined;
}

/** One answer, after redirects; what the first server says of a file it keeps elsewhere is handed on. */
async function ask(address: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Answer> {
  let url = new URL(address);
  let stated: string | undefined;
  for (let hop = 0; hop <= mostRedirects; hop++) {
    let response: Response;
    try {
      // Compressed on the way, neither sizes nor parts would be those of the file.
      response = await fetch(url, { headers: { 'accept-encoding': 'identity', ...headers }, redirect: 'manual', signal });
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

/** Throws `bad-file` for a size that is not the expected one. */
function requireSize(name: string, size: number, { bytes, tolerance = 0 }: Expected): void {
  if (bytes === undefined || Math.abs(size - bytes) <= tolerance * bytes) return;
  throw new AppError(
    'bad-file',
    `${name} is not what it should be: it has ${size.toLocaleString('en')} bytes where ${tolerance > 0 ? 'about ' : ''}${bytes.toLocaleString('en')} are expected.`,
    'It may have been replaced where it is kept: look at it with a browser, fetch it there if it is the right one, and import the file.',
  );
}

/** Whether an answer to the request for the rest of a part is that rest, of the same version. */
function isRest({ response, stated }: Answer, part: string, begun: number, { sha256 }: Expected): boolean {
  // All of it is here already, or it is another file by now.
  if (isEncoded(response)) return false;
  if (response.status === 416 ? totalOf(response) !== begun : !(response.headers.get('content-range') ?? '').startsWith(`bytes ${begun}-`))
    return false;
  return isSameVersion(keptVersion(part), versionOf(response, stated), (sha256 ?? stated) !== undefined);
}

/** Asks for a file, or for the rest of it where that goes with what is here; `begun` are the bytes that it goes on from. */
async function askForRest(
  address: string,
  part: string,
  expected: Expected,
  signal: AbortSignal,
): Promise<Answer & { readonly begun: number }> {
  const begun = sizeOf(part);
  if (begun > 0) {
    const answer = await ask(address, { range: `bytes=${begun}-` }, signal);
    const { status } = answer.response;
    if (status !== 206 && status !== 416) return { ...answer, begun: 0 };
    if (isRest(answer, part, begun, expected)) return { ...answer, begun };
    await answer.response.body?.cancel();
  }
  return { ...(await ask(address, {}, signal)), begun: 0 };
}

/**
 * Fetches a file to `target`, from where an earlier try ended. Resolves with what it was checked by, or with `absent` for an optional file
 * that is not there. Throws `network`, `not-found`, `bad-file` when size or checksum are wrong (nothing is kept then), `disk-full`,
 * `cancelled` with the signal's abort.
 */
export async function download(
  address: string,
  target: string,
  expected: Expected = {},
  { onProgress, signal }: DownloadOptions = {},
): Promise<CheckedBy | 'absent'> {
  const [part, name] = [partOf(target), basename(target)];
  mkdirSync(dirname(target), { recursive: true });
  const silence = new AbortController();
  const both = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal;
  let timer = setTimeout(() => silence.abort(), silenceMs);
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), silenceMs);
  };
  try {
    const { response, stated, begun } = await askForRest(address, part, expected, both);
    if (response.status === 404 && expected.optional === true) return 'absent';
    if (response.status === 404)
      throw new AppError(
        'not-found',
        `${address} is not there.`,
        'It may have been moved: look for it with a browser, and import the file.',
      );
    if (!response.ok && !(response.status === 416 && begun > 0))
      throw new AppError('network', `${new URL(address).host} answered ${response.status}.`, 'Try again later: what came is kept.');
    const total = totalOf(response);
    if (total !== undefined) requireSize(name, total, expected);
    if (begun === 0) {
      // In this order: a part is never taken for one of a version that it is not of.
      dropPart(part);
      keepVersion(part, versionOf(response, stated));
    }
    const hash = begun > 0 ? await hashOf(part) : createHash('sha256');
    if (response.ok) await receive(response, part, begun, hash, heard, (done) => onProgress?.({ file: name, done, total }), both);
    const sha256 = expected.sha256 ?? stated;
    const size = sizeOf(part);
    if (total !== undefined && size < total) throw unreachable(new URL(address), new Error('the connection was cut'));
    requireSize(name, size, total === undefined ? expected : { bytes: total });
    if (sha256 !== undefined && hash.digest('hex') !== sha256)
      throw new AppError('bad-file', `${name} is not what it should be: its checksum is wrong.`, 'Try again; it is fetched anew.');
    renameSync(part, target);
    syncFolder(dirname(target));
    dropVersion(part);
    return expected.sha256 === undefined ? (stated === undefined ? 'nothing' : 'stated') : 'known';
  } catch (error) {
    if (error instanceof AppError && error.code === 'bad-file') dropPart(part);
    if (signal?.aborted === true)
      throw new AppError('cancelled', 'The download was stopped.', 'Start it again: it goes on from where it was.', error);
    if (silence.signal.aborted) throw unreachable(new URL(address), new Error(`nothing came for ${silenceMs / 1000} seconds`));
    throw systemError(error) ?? error;
  } finally {
    clearTimeout(timer);
    // An answer that is not wanted to its end would go on coming.
    silence.abort();
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
