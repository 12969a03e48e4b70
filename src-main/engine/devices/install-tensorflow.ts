// TensorFlow's native part: fetched when a person asks for it, or taken from files that they fetched elsewhere; unpacked aside, loaded once
// to see that it works, and only then put in its place.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statfsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { TensorflowOffer } from '../../../shared/contract/contract-system.ts';
import { isNvidia, isOnNouveau } from '../../../shared/devices.ts';
import type { GraphicsCard } from '../../../shared/devices.ts';
import { AppError, systemError } from '../../../shared/errors.ts';
import { cardObstacles, versionObstacle } from '../../../shared/tensorflow-requirements.ts';
import { tensorflowBinding, tensorflowVariable, withoutKernels } from '../../../shared/tensorflow.ts';
import { cudaHomeHere } from '../../files/cuda-home.ts';
import { download } from '../../files/download.ts';
import type { DownloadOptions } from '../../files/download.ts';
import { takeLock } from '../../files/folder-lock.ts';
import { libraryFinderHere } from '../../files/library-finder.ts';
import { replaceFolder } from '../../files/replace-folder.ts';
import type { Home } from '../home.ts';
import { missingDriver } from './candidates.ts';
import { howToChoose, partNames, requireArchive, requireWhole } from './tensorflow-archive.ts';
import type { PartKind } from './tensorflow-archive.ts';
import { arrange, requireContent, unpackedIn } from './tensorflow-content.ts';
import { nativeLicence, nativeParts, nativeVersion } from './tensorflow-parts.ts';
import type { NativePart, NativeParts } from './tensorflow-parts.ts';

const run = promisify(execFile);

/** Archives that the person has; what is not given is fetched. */
export type GivenFiles = Partial<Record<PartKind, string>>;

export interface InstallOptions extends DownloadOptions {
  readonly files?: GivenFiles;
  /** What is done now, as a sentence. */
  readonly onStage?: (stage: string) => void;
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
    library: parts.library.address,
    binding: parts.binding.address,
    installed: existsSync(join(installedIn(home), tensorflowBinding)),
    space: neededBytes,
    lacks: tensorflowLacks(cards, place),
  };
}

/**
 * What can be said at once of archives that a person has. Throws `unsupported` for a system for which none is published, `not-found` for a
 * file that is not there, `bad-input` for a folder, `bad-file` for another file than is needed.
 */
export function requireFiles(files: GivenFiles, { system, parts }: Pick<InstallTools, 'system' | 'parts'> = usualTools): void {
  if (!parts[system])
    throw new AppError('unsupported', `No TensorFlow that uses a graphics card is published for ${system}.`, 'Choose the device webgpu.');
  for (const kind of kinds) if (files[kind] !== undefined) requireArchive(files[kind], kind, system, parts);
}

const kinds = ['library', 'binding'] as const;

/**
 * Installs the native part and returns its version. Throws what `requireFiles` does before anything is fetched, `bad-file` for an archive
 * that is cut off, has another checksum than was published or holds something else, `device-failed` where it cannot be loaded here, `disk-full`, `locked` while it is being installed already or in use, `cancelled`, and
 * what `download` throws; what came is kept. What was installed before stays until the new one has been loaded.
 */
export async function installTensorflow(
  home: Home,
  { files = {}, onStage, ...options }: InstallOptions = {},
  tools: InstallTools = usualTools,
): Promise<{ readonly version: string; readonly folder: string }> {
  const { system, parts, probe, replace } = tools;
  requireFiles(files, tools);
  const needed = parts[system]!;
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
  const unpacked = async (kind: PartKind): Promise<void> => {
    const given = files[kind];
    const part = needed[kind];
    if (given === undefined) onStage?.(`Fetches the ${partNames[kind]}.`);
    const archive = given ?? (await fetched(folder, part, options));
    try {
      onStage?.(`Checks ${basename(archive)}.`);
      // The checksum of what was fetched was seen to.
      if (given !== undefined || part.sha256 === undefined) await requireWhole(archive, part, options);
      onStage?.(`Unpacks ${basename(archive)}.`);
      await unpack(archive, unpackedIn(aside, kind), options.signal);
      requireContent(kind, unpackedIn(aside, kind), basename(archive), system, part);
    } catch (error) {
      if (options.signal?.aborted === true) throw stopped(error);
      if (given !== undefined || !(error instanceof AppError) || error.code !== 'bad-file') throw error;
      // It would be taken for fetched the next time.
      rmSync(archive, { force: true });
      throw new AppError('bad-file', error.message, 'Try again: it is fetched anew.', error);
    }
  };
  try {
    rmSync(aside, { recursive: true, force: true });
    // What the person has first: half a gigabyte need not come before a wrong one is found.
    for (const kind of kinds.toSorted((a, b) => Number(files[a] === undefined) - Number(files[b] === undefined))) await unpacked(kind);
    arrange(aside);
    onStage?.('Loads it, to see that it works.');
    const version = await works(join(aside, tensorflowBinding), probe, options.signal);
    const unusable = versionObstacle(version, system);
    if (unusable !== undefined)
      throw new AppError('bad-file', `This is not a TensorFlow to install here. ${unusable}`, howToChoose(needed.library));
    putInPlace(aside, installedIn(home), replace);
    for (const part of [needed.library, needed.binding]) rmSync(fetchedTo(folder, part), { force: true });
    return { version, folder: installedIn(home) };
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

const fetchedTo = (folder: string, { address }: NativePart): string => join(folder, basename(address));

const elsewhere =
  'Try again: what came is kept. Without a network, fetch both archives elsewhere and choose them (in a terminal: ijepa-studio devices install tensorflow --library FILE --binding FILE).';

async function fetched(folder: string, part: NativePart, options: DownloadOptions): Promise<string> {
  const target = fetchedTo(folder, part);
  if (existsSync(target)) return target;
  try {
    await download(part.address, target, { sha256: part.sha256 }, options);
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
    throw (
      systemError(error) ??
      new AppError('bad-file', `${basename(archive)} cannot be unpacked: ${lastLine(error)}`, 'Download it anew.', error)
    );
  }
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
