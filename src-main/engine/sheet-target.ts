// Where a contact sheet may be written: nowhere that an original lies, or another program's picture.
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { isBelow } from '../files/is-below.ts';
import { isContactSheet } from '../images/contact-sheet.ts';

/** As the disk has it, past links; a folder that is not there stays as it is spelled. */
function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return resolve(path);
  }
}

/**
 * Throws `bad-input` for a target that is no PNG by its name, a folder, inside one of the folders of originals, or a file that is no
 * earlier sheet; `not-found` and `not-writable` for its folder.
 */
export function requireSheetTarget(path: string, originals: readonly string[]): void {
  const elsewhere = 'Name a new file that ends in .png, such as found.png, outside the folders of your images.';
  const refuse = (message: string): never => {
    throw new AppError('bad-input', message, elsewhere);
  };
  if (!/\.png$/i.test(path)) refuse(`A sheet is a PNG, and ${path} does not end in .png.`);
  const place = dirname(resolve(path));
  if (!statSync(place, { throwIfNoEntry: false })?.isDirectory())
    throw new AppError('not-found', `There is no folder ${place} to put the sheet in.`, 'Make it first, or choose another place.');
  const there = statSync(path, { throwIfNoEntry: false });
  if (there?.isDirectory() === true) refuse(`${path} is a folder.`);
  const owner = originals.find((folder) => isBelow(realPath(place), realPath(folder)));
  if (owner !== undefined) refuse(`${path} lies in ${owner}, among the images: nothing is ever written there.`);
  if (there && !isContactSheet(path)) refuse(`${path} exists and is no sheet of this program: it is left as it is.`);
  try {
    accessSync(place, constants.W_OK);
  } catch (error) {
    throw new AppError('not-writable', `Nothing can be written in ${place}.`, 'Choose another folder, or change its permissions.', error);
  }
}
