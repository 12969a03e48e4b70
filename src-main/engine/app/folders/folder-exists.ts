// Whether a folder of the catalogue is there.
import { stat } from 'node:fs/promises';
import { askedOnce } from '../../../files/asked-once.ts';

/** Milliseconds after which a folder that does not answer, as on a server that is gone, counts as not there. */
const patience = 1000;

const isFolder = askedOnce(async (path) =>
  stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  ),
);

export async function folderExists(path: string): Promise<boolean> {
  const late = new Promise<boolean>((resolve) => setTimeout(resolve, patience, false).unref());
  return Promise.race([late, isFolder(path)]);
}
