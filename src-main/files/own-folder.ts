// Folders among the temporary files that the programs of one user share.
import { lstatSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Elsewhere than on Linux everybody has temporary files of their own. */
export const ownTemporary = (name: string): string => join(tmpdir(), `ijepa-studio-${name}-${process.getuid?.() ?? 'user'}`);

/** Whether it is there and nobody else's: anybody may have made a folder of that name. */
export function isOwnFolder(place: string): boolean {
  const found = lstatSync(place, { throwIfNoEntry: false });
  return found?.isDirectory() === true && (process.getuid === undefined || found.uid === process.getuid());
}
