// Where the program writes at a person's word: nowhere among the originals, and over no file but its own.
import { accessSync, constants, statSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { isBelow } from '../files/is-below.ts';
import { realPathSoon } from '../files/real-path.ts';
import { isContactSheet } from '../images/contact-sheet.ts';
import { isMapSheet } from '../images/map-sheet.ts';
import { beginsWithRecord } from '../library/csv.ts';
import { isFailureList } from '../library/failures.ts';
import { isHidden } from '../library/file-kinds.ts';

/** Whether a scan of the folder would come by this place: what is hidden in it (`.ijepa-studio` in the home of a person) is passed by. */
const isScanned = (place: string, folder: string): boolean => isBelow(place, folder) && !relative(folder, place).split(sep).some(isHidden);

/**
 * The folder of originals that a place lies in, by its name or past all links; it need not exist. Folders on a disk that does not answer are
 * compared by name.
 */
export async function originalsAround(place: string, originals: readonly string[]): Promise<string | undefined> {
  const named = resolve(place);
  const [real, ...folders] = await Promise.all([named, ...originals].map(realPathSoon));
  return originals.find((folder, i) => isScanned(named, folder) || isScanned(real!, folders[i]!));
}

const amongImages = (path: string, owner: string): string => `${path} lies in ${owner}, among the images: nothing is ever written there.`;

/** Rejects with `bad-input` for a folder of files that would lie among the originals: a scan would take its pictures for theirs. */
export async function requireOutside(path: string, originals: readonly string[]): Promise<void> {
  const owner = await originalsAround(path, originals);
  if (owner !== undefined) throw new AppError('bad-input', amongImages(path, owner), 'Give a folder outside the folders of your images.');
}

/** A kind of file that is written where a person says. */
export interface OwnFile {
  /** With its article. */
  readonly name: string;
  /** In small letters; none where any will do. */
  readonly ending?: string;
  readonly example: string;
  /** Whether a file is an earlier one of these. Throws the operating system's errors. */
  readonly isOurs: (path: string) => boolean;
}

async function requireFileTarget(path: string, originals: readonly string[], own: OwnFile): Promise<void> {
  const { name, ending, example, isOurs } = own;
  const refuse = (message: string): never => {
    throw new AppError('bad-input', message, `Name a new file, such as ${example}, outside the folders of your images.`);
  };
  if (ending !== undefined && !path.toLowerCase().endsWith(ending)) refuse(`${path} does not end in ${ending}, as ${name} does.`);
  const place = dirname(resolve(path));
  if (!statSync(place, { throwIfNoEntry: false })?.isDirectory())
    throw new AppError('not-found', `There is no folder ${place} to put ${name} in.`, 'Make it first, or choose another place.');
  const there = statSync(path, { throwIfNoEntry: false });
  if (there?.isDirectory() === true) refuse(`${path} is a folder.`);
  const owner = await originalsAround(place, originals);
  if (owner !== undefined) refuse(amongImages(path, owner));
  // A pipe would never be read to its end.
  if (there && !(there.isFile() && isOurs(path))) refuse(`${path} exists and is not ${name} of this program: it is left as it is.`);
  try {
    accessSync(place, constants.W_OK);
  } catch (error) {
    throw new AppError('not-writable', `Nothing can be written in ${place}.`, 'Choose another folder, or change its permissions.', error);
  }
}

/**
 * Rejects with `bad-input` for a target that is no PNG by its name, a folder, inside one of the folders of originals, or a file that is no
 * earlier sheet; `not-found` and `not-writable` for its folder.
 */
export const requireSheetTarget = async (path: string, originals: readonly string[]): Promise<void> =>
  requireFileTarget(path, originals, { name: 'a contact sheet', ending: '.png', example: 'found.png', isOurs: isContactSheet });

/** The same for a list of failures, which may have any name. */
export const requireFailuresTarget = async (path: string, originals: readonly string[]): Promise<void> =>
  requireFileTarget(path, originals, { name: 'a list of failures', example: 'failures.csv', isOurs: isFailureList });

/** The same for another table, which may have any name. */
export const requireTableTarget = async (path: string, originals: readonly string[], table: Omit<OwnFile, 'ending'>): Promise<void> =>
  requireFileTarget(path, originals, table);

/** As for a contact sheet, for a map. */
export const requireMapSheetTarget = async (path: string, originals: readonly string[]): Promise<void> =>
  requireFileTarget(path, originals, { name: 'a picture of a map', ending: '.png', example: 'map.png', isOurs: isMapSheet });

export const mapTableColumns = ['filepath', 'label', 'x', 'y'] as const;

/** The same for the table of a map, which may have any name. */
export const requireMapTableTarget = async (path: string, originals: readonly string[]): Promise<void> =>
  requireFileTarget(path, originals, {
    name: 'a table of a map',
    example: 'map.csv',
    isOurs: (file) => beginsWithRecord(file, mapTableColumns),
  });
