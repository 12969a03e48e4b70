// TensorFlow's native part: fetched when a person asks for it, or taken from files that they fetched elsewhere; unpacked aside, loaded once
// to see that it works, and only then put in its place.
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { TensorflowOffer } from '../../../shared/contract/contract-system.ts';
import { isNvidia, isOnNouveau } from '../../../shared/devices.ts';
import type { GraphicsCard } from '../../../shared/devices.ts';
import { AppError, systemError } from '../../../shared/errors.ts';
import { cardObstacles } from '../../../shared/tensorflow-requirements.ts';
import { tensorflowBinding, tensorflowVariable, withoutKernels } from '../../../shared/tensorflow.ts';
import { cudaHomeHere } from '../../files/cuda-home.ts';
import { download } from '../../files/download.ts';
import type { DownloadOptions } from '../../files/download.ts';
import { takeLock } from '../../files/folder-lock.ts';
import { libraryFinderHere } from '../../files/library-finder.ts';
import { replaceFolder } from '../../files/replace-folder.ts';
import type { Home } from '../home.ts';
import { missingDriver } from './candidates.ts';
import { nativeLicence, nativeParts, nativeVersion } from './tensorflow-parts.ts';
import type { NativePart, NativeParts } from './tensorflow-parts.ts';

const run = promisify(execFile);

export interface InstallOptions extends DownloadOptions {
  /** Archives that the person has; what is not given is fetched. */
  readonly files?: Partial<Record<keyof NativeParts, string>>;
}

export interface InstallTools {
  readonly system: string;
  readonly parts: Readonly<Record<string, NativeParts>>;
  /** Version of the TensorFlow that a binding loads; rejects where it cannot be loaded. */
  readonly probe: (binding: string, signal?: AbortSignal) => Promise<string>;
  readonly replace: typeof replaceFolder;
}

/** In a process of its own: a library that does not fit may end the one that loads it. */
export async function versionOf(binding: string, signal?: AbortSignal): Promise<string> {
  const { stdout } = await run(process.execPath, ['-p', 'require(process.argv[1]).TF_Version', binding], {
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
    ...(signal && { signal }),
  });
  return stdout.trim();
}

const usualTools: InstallTools = {
  system: `${process.platform}-${process.arch}`,
  parts: nativeParts,
  probe: versionOf,
  replace: replaceFolder,
};

/** Bytes that archives and unpacked files take together, rounded up. */
export const neededBytes = 3e9;

const folderIn = (home: Home): string => join(home.path, 'tensorflow');
const installedIn = (home: Home): string => join(folderIn(home), 'installed');

/** Has this process and its children look for TensorFlow where it is installed in this home, unless the environment names a place. */
export function offerTensorflow(home: Home): void {
  if (existsSync(join(installedIn(home), tensorflowBinding))) process.env[tensorflowVariable] ??= installedIn(home);
}

/** Where TensorFlow would be installed. */
export interface TensorflowPlace {
  readonly system: string;
  /** Whether the dynamic linker finds a library of this file name. */
  readonly has: (file: string) => boolean;
  /** Whether CUDA's compiler has what XLA needs of it. */
  readonly hasLibdevice: boolean;
}

const placeHere = (): TensorflowPlace => ({
  system: usualTools.system,
  has: libraryFinderHere(),
  hasLibdevice: cudaHomeHere() !== undefined,
});

/** Cards of NVIDIA with NVIDIA's driver. */
const usableCards = (cards: readonly GraphicsCard[]): readonly GraphicsCard[] =>
  cards.filter((card) => isNvidia(card) && !isOnNouveau(card));

/** Without what TensorFlow would use no card here, as sentences that say what to do; none where nothing is missing. */
export function tensorflowLacks(cards: readonly GraphicsCard[], place: TensorflowPlace = placeHere()): readonly string[] {
  const nvidia = cards.filter(isNvidia);
  if (nvidia.length === 0) return ['No graphics card of NVIDIA was found, and TensorFlow uses no other.'];
  const driver = missingDriver(cards);
  return driver === undefined ? cardObstacles(nativeVersion, { ...place, cards: usableCards(cards) }) : [driver];
}

/**
 * What would be installed on this system, for whoever decides about it; undefined where nothing is published, or no card is one that it could
 * use with the driver that there is.
 */
export function tensorflowOffer(
  home: Home,
  cards: readonly GraphicsCard[],
  place: TensorflowPlace = placeHere(),
): TensorflowOffer | undefined {
  const parts = nativeParts[place.system];
  const usable = usableCards(cards);
  const noKernels = withoutKernels(usable.flatMap(({ computeCapability = [] }) => computeCapability));
  if (!parts || usable.length === 0 || noKernels !== undefined) return undefined;
  return {
    version: nativeVersion,
    licence: nativeLicence,
    hosts: [...new Set([parts.library, parts.binding].map(({ address }) => new URL(address).host))],
    installed: existsSync(join(installedIn(home), tensorflowBinding)),
    space: neededBytes,
    lacks: tensorflowLacks(cards, place),
  };
}

/**
 * Installs the native part and returns its version. Throws `unsupported` for a system without one, `not-found` for a file that is not
 * there, `bad-file` for an archive that is cut off or another, `device-failed` where it cannot be loaded here, `disk-full`, `locked` while it is being installed already or in use, `cancelled`, and
 * what `download` throws; what came is kept. What was installed before stays until the new one has been loaded.
 */
export async function installTensorflow(
  home: Home,
  { files = {}, ...options }: InstallOptions = {},
  { system, parts, probe, replace }: InstallTools = usualTools,
): Promise<{ readonly version: string; readonly folder: string }> {
  const needed = parts[system];
  if (!needed)
    throw new AppError('unsupported', `No TensorFlow that uses a graphics card is published for ${system}.`, 'Choose the device webgpu.');
  for (const file of Object.values(files))
    if (!existsSync(file)) throw new AppError('not-found', `${file} is not there.`, 'Give the path of the archive that you fetched.');
  const folder = folderIn(home);
  mkdirSync(folder, { recursive: true });
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < neededBytes)
    throw new AppError(
      'disk-full',
      `TensorFlow takes up to ${(neededBytes / 1e9).toFixed(0)} GB while it is installed, and ${((bavail * bsize) / 1e9).toFixed(1)} GB are free.`,
      'Free some space (in a terminal another home will do: --home FOLDER).',
    );
  const lock = takeLock(folder);
  const aside = join(folder, 'unpacked');
  try {
    rmSync(aside, { recursive: true, force: true });
    const archiveOf = async (kind: keyof NativeParts): Promise<string> => files[kind] ?? fetched(folder, needed[kind], options);
    await unpack(await archiveOf('library'), join(aside, 'deps'), options.signal);
    await unpack(await archiveOf('binding'), join(aside, 'archive'), options.signal);
    arrange(aside);
    const version = await works(join(aside, tensorflowBinding), probe, options.signal);
    putInPlace(aside, installedIn(home), replace);
    forget(folder, needed);
    return { version, folder: installedIn(home) };
  } catch (error) {
    // An archive that is not what it should be would be taken for fetched the next time.
    if (error instanceof AppError && error.code === 'bad-file') forget(folder, needed);
    throw error;
  } finally {
    // Whoever looks through new files may have one of them open.
    rmSync(aside, { recursive: true, force: true, maxRetries: 3 });
    lock.dispose();
  }
}

/** Throws `locked` where the system does not let go of what is installed, `disk-full`. */
function putInPlace(aside: string, installed: string, replace: typeof replaceFolder): void {
  try {
    replace(aside, installed);
  } catch (error) {
    const known = systemError(error);
    if (known?.code === 'disk-full') throw known;
    throw new AppError(
      'locked',
      `The new TensorFlow could not take its place: a program uses what is in ${installed}, or the system protects it.`,
      'Stop what computes on TensorFlow and install it once more: what was fetched is kept, and what was installed is as it was.',
      error,
    );
  }
}

/** Removes what was fetched. */
function forget(folder: string, parts: NativeParts): void {
  for (const { address } of [parts.library, parts.binding]) rmSync(join(folder, basename(address)), { force: true });
}

const elsewhere =
  'Try again: what came is kept. Without a network, fetch both archives elsewhere (in a terminal: ijepa-studio devices install tensorflow --library FILE --binding FILE).';

async function fetched(folder: string, { address, sha256 }: NativePart, options: DownloadOptions): Promise<string> {
  const target = join(folder, basename(address));
  if (existsSync(target)) return target;
  try {
    await download(address, target, { sha256 }, options);
    return target;
  } catch (error) {
    if (error instanceof AppError && (error.code === 'network' || error.code === 'not-found'))
      throw new AppError(error.code, error.message, elsewhere, error);
    throw error;
  }
}

/** On Windows not the one of another shell, which knows neither zip files nor drives. */
const systemTar = process.platform === 'win32' ? join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'tar.exe') : 'tar';

/** With the system's own tar, which reads zip files on Windows and refuses paths that lead out of the folder. */
async function unpack(archive: string, folder: string, signal: AbortSignal | undefined): Promise<void> {
  mkdirSync(folder, { recursive: true });
  try {
    await run(systemTar, ['-xf', archive, '-C', folder, '--no-same-owner'], signal && { signal });
  } catch (error) {
    if (signal?.aborted === true) throw stopped(error);
    throw damaged(archive, error);
  }
}

/** Path of the first file of this name below a folder. */
function fileNamed(name: string, folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((path) => basename(path) === name);
  return found === undefined ? undefined : join(folder, found);
}

/** Puts what was unpacked where the binding looks for it. */
function arrange(aside: string): void {
  const binding = fileNamed('tfjs_binding.node', join(aside, 'archive'));
  const dll = fileNamed('tensorflow.dll', join(aside, 'deps'));
  if (binding === undefined) throw damaged('The archive of the binding', new Error('no tfjs_binding.node is in it'));
  if (dll === undefined && fileNamed('libtensorflow.so', join(aside, 'deps', 'lib')) === undefined)
    throw damaged('The archive of the library', new Error('no libtensorflow is in it'));
  const place = join(aside, tensorflowBinding);
  mkdirSync(dirname(place), { recursive: true });
  renameSync(binding, place);
  // Windows looks beside the binding.
  if (dll !== undefined) copyFileSync(dll, join(dirname(place), 'tensorflow.dll'));
  rmSync(join(aside, 'archive'), { recursive: true });
}

async function works(binding: string, probe: InstallTools['probe'], signal: AbortSignal | undefined): Promise<string> {
  try {
    return await probe(binding, signal);
  } catch (error) {
    if (signal?.aborted === true) throw stopped(error);
    // What could be unpacked is whole: to fetch half a gigabyte once more would change nothing.
    throw new AppError(
      'device-failed',
      `The native part of TensorFlow cannot be loaded here: ${lastLine(error)}`,
      'Put in place what is missing and install it once more: what was fetched is kept. Archives of your own have to be for this system, and library and binding have to go together.',
      error,
    );
  }
}

const stopped = (error: unknown): AppError =>
  new AppError('cancelled', 'The installation was stopped.', 'Start it again: what was fetched is kept.', error);

const lastLine = (error: unknown): string => (error instanceof Error ? error.message.trim().split('\n').at(-1)! : String(error));

function damaged(what: string, error: unknown): AppError {
  return new AppError(
    'bad-file',
    `${what} cannot be used: ${lastLine(error)}`,
    'Fetch it anew; it has to be for this system, and library and binding have to go together.',
    error,
  );
}
