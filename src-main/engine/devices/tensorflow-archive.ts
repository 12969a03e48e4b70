// Archives of TensorFlow's native part: what can be said of one before it is unpacked, and whether it is whole.
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { basename } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { AppError, systemError } from '../../../shared/errors.ts';
import type { DownloadOptions } from '../../files/download.ts';
import { systemName } from './library-system.ts';
import type { NativePart, NativeParts } from './tensorflow-parts.ts';

export type PartKind = keyof NativeParts;

/** What each is called in a sentence. */
export const partNames: Readonly<Record<PartKind, string>> = { library: 'library', binding: 'binding' };

const isZip = ({ address }: NativePart): boolean => address.endsWith('.zip');
const nameOf = ({ address }: NativePart): string => basename(address);

/** The checksum that a file should have: where its name says that it is the one that was published, also as a browser counts copies of it. */
function checksumOf(file: string, part: NativePart): string | undefined {
  const stem = nameOf(part).replace(/\.(tar\.gz|zip)$/, '');
  return basename(file).startsWith(stem) ? part.sha256 : undefined;
}

export const howToChoose = (part: NativePart): string => `Choose ${nameOf(part)} from ${part.address}, as it was downloaded.`;

/** `bad-file`, with what is published as what to do. */
export const wrongArchive = (message: string, part: NativePart, cause?: unknown): AppError =>
  new AppError('bad-file', message, howToChoose(part), cause);

/** Bytes of a file from a position on, as many as there are. */
function bytesAt(file: string, most: number, position: number): Buffer {
  const bytes = Buffer.alloc(most);
  const handle = openSync(file, 'r');
  try {
    return bytes.subarray(0, readSync(handle, bytes, 0, most, position));
  } finally {
    closeSync(handle);
  }
}
export const firstBytes = (file: string, most: number): Buffer => bytesAt(file, most, 0);

/** How browsers and this program call what they have not fetched to its end. */
const unfinished = /\.(part|partial|crdownload|download|opdownload|aria2)$/i;
/** The end of a zip archive, its directory, is within its last bytes. */
const zipEndBytes = 65_557;

/** Published for another place: the other part, another system's, or the one that computes on no card; as the end of a sentence. */
function elsewhere(name: string, kind: PartKind, system: string, parts: Readonly<Record<string, NativeParts>>): string | undefined {
  for (const [of, published] of Object.entries(parts))
    for (const other of ['library', 'binding'] as const) {
      if (nameOf(published[other]) !== name || nameOf(parts[system]![kind]) === name) continue;
      return other === kind ? `is for ${systemName(of)}` : `is the ${partNames[other]} and not the ${partNames[kind]}`;
    }
  return /^(libtensorflow-cpu-|CPU-)/.test(name) ? 'is the build for processors, which uses no graphics card' : undefined;
}

/** Bytes of a file. Throws `not-found`, `bad-input` for a folder, `not-writable` where it may not be looked at. */
function sizeOf(file: string): number {
  let found: Stats;
  try {
    found = statSync(file);
  } catch (error) {
    const known = systemError(error);
    if (known?.code !== 'not-found') throw known ?? error;
    throw new AppError('not-found', `${file} is not there.`, 'Give the path of the archive that you fetched.', error);
  }
  if (found.isFile()) return found.size;
  throw new AppError('bad-input', `${file} is a folder.`, 'Choose the archive itself, as it was downloaded: it need not be unpacked.');
}

/** Throws `not-writable` for what may not be read. */
function begun(file: string): Buffer {
  try {
    return firstBytes(file, 512);
  } catch (error) {
    throw systemError(error) ?? error;
  }
}

/**
 * Throws for an archive that a person has what can be known of it at once: `not-found`, `bad-input` for a folder, `not-writable` for what
 * may not be read, `bad-file` for what is another file or was not fetched to its end.
 */
export function requireArchive(file: string, kind: PartKind, system: string, parts: Readonly<Record<string, NativeParts>>): void {
  const part = parts[system]![kind];
  const name = basename(file);
  const size = sizeOf(file);
  if (unfinished.test(name)) throw wrongArchive(`${name} is a download that has not come to its end.`, part);
  if (size === 0) throw wrongArchive(`${name} is empty.`, part);
  const misplaced = elsewhere(name, kind, system, parts);
  if (misplaced !== undefined) throw wrongArchive(`${name} ${misplaced}.`, part);
  const bytes = begun(file);
  const gzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const zip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  if (/^\s*</.test(bytes.toString('latin1')))
    throw wrongArchive(`${name} is a page of a website and not an archive: the download did not work.`, part);
  if (!gzip && !zip)
    throw wrongArchive(`${name} is not an archive of the kind that is published (${isZip(part) ? 'zip' : 'tar.gz'}).`, part);
  if (zip !== isZip(part))
    throw wrongArchive(
      `${name} is not for ${systemName(system)}: for that a ${isZip(part) ? 'zip' : 'tar.gz'} archive is published.`,
      part,
    );
  if (zip && !bytesAt(file, zipEndBytes, Math.max(0, size - zipEndBytes)).includes('PK\x05\x06', undefined, 'latin1'))
    throw cutOff(name, part);
}

const cutOff = (name: string, part: NativePart, cause?: unknown): AppError =>
  wrongArchive(`${name} is cut off: it was not downloaded or copied to its end.`, part, cause);

/**
 * Reads an archive to its end and resolves where it is whole: by its checksum where one is known, by what it says of itself otherwise.
 * Throws `bad-file`, `cancelled` with the signal's abort, what the system says.
 */
export async function requireWhole(archive: string, part: NativePart, { onProgress, signal }: DownloadOptions = {}): Promise<void> {
  const name = basename(archive);
  const sha256 = checksumOf(archive, part);
  // What unpacks it checks each of its files.
  if (isZip(part) && sha256 === undefined) return;
  const hash = createHash('sha256');
  const total = statSync(archive).size;
  let done = 0;
  let told = 0;
  const counted = async function* (pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of pieces) {
      if (sha256 !== undefined) hash.update(piece);
      done += piece.length;
      if (performance.now() - told > 200 || done === total) {
        told = performance.now();
        onProgress?.({ file: name, done, total });
      }
      yield piece;
    }
  };
  const nowhere = new Writable({ write: (_piece, _encoding, next) => next() });
  try {
    const pieces = createReadStream(archive, { highWaterMark: 2 ** 20 });
    const options = signal ? { signal } : {};
    if (isZip(part)) await pipeline(pieces, counted, nowhere, options);
    else await pipeline(pieces, counted, createGunzip(), nowhere, options);
  } catch (error) {
    if (signal?.aborted === true) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'Z_BUF_ERROR') throw cutOff(name, part, error);
    if (typeof code === 'string' && code.startsWith('Z_')) throw wrongArchive(`${name} is damaged: it cannot be unpacked.`, part, error);
    throw systemError(error) ?? error;
  }
  if (sha256 !== undefined && hash.digest('hex') !== sha256)
    throw wrongArchive(`${name} is not the file that was published: its checksum is wrong.`, part);
}
