// A drawn picture on its way to where a person wants it, marked so that the next one may take its place.
import { AppError, systemError } from '../../shared/errors.ts';
import { writeFileAside } from '../files/write-aside.ts';
import { markedPng } from './png-text.ts';

/** Writes a PNG aside, with `software` as the mark of its kind. Throws `disk-full`, `not-writable`. */
export function writeSheet(path: string, png: Buffer, software: string): void {
  try {
    writeFileAside(path, markedPng(png, software));
  } catch (error) {
    // The operating system names the file that is written aside.
    const full = systemError(error)?.code === 'disk-full';
    throw new AppError(
      full ? 'disk-full' : 'not-writable',
      full ? `The disk is full: ${path} was not written.` : `${path} cannot be written.`,
      'Choose another place for the sheet.',
      error,
    );
  }
}
