// One program of a user at a time writes to a place where no lock may lie: a person would take it for a file of what is there.
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { takeLock } from './folder-lock.ts';
import type { FolderLock } from './folder-lock.ts';
import { isOwnFolder, ownTemporary } from './own-folder.ts';

/** Where all programs of the user find such locks, whatever their homes. */
const locks = (): string => ownTemporary('places');

/** The lock of a place, which is a path as the disk has it. */
const nameOf = (place: string): string => createHash('sha256').update(place).digest('hex').slice(0, 32);

export const placeLockFile = (place: string): string => join(locks(), nameOf(place));

/**
 * Takes a place, as the disk has its path. Throws `locked` while another program has it, with `isBusy` as the beginning of what is said.
 * No work fails for want of a lock, on a full disk or where nothing may be written.
 */
export function takePlace(place: string, isBusy: string): FolderLock {
  try {
    const folder = locks();
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (isOwnFolder(folder)) return takeLock(folder, nameOf(place), isBusy);
  } catch (error) {
    if (error instanceof AppError && error.code === 'locked') throw error;
  }
  return { dispose: () => {} };
}
