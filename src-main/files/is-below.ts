// Whether one place on the disk lies in another.
import { isAbsolute, relative, sep } from 'node:path';

/** True for the folder itself too. Both paths absolute, and as the disk has them where links matter. */
export function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  // On Windows there is no way to another drive.
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
