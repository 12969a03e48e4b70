// A folder of images that lies somewhere else now: the catalogue and the runs trained on it follow.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AppError } from '../../../shared/errors.ts';
import { writeFileAside } from '../../files/write-aside.ts';
import { folderOf } from '../../library/folders.ts';
import { relinkOnThread } from '../../library/relink-thread.ts';
import type { RelinkOptions, RelinkResult } from '../../library/relink.ts';
import { readRecord, RunFolder } from '../../training/run-folder/run-folder.ts';
import { runNames } from '../home.ts';
import type { Studio } from '../studio.ts';

/** The folder that a run was trained on; of a run with a damaged record nobody knows it. */
function folderOfRun(run: string): string | undefined {
  try {
    return readRecord(run).folder;
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

/**
 * Lets the images catalogued at `from` continue at `to`, matched by content; nothing is decoded or embedded again. Throws `not-found`
 * when none of them is there, `locked` while one of the folder's runs is being trained; nothing has changed then.
 */
export async function moveFolder(studio: Studio, from: string, to: string, options: RelinkOptions = {}): Promise<RelinkResult> {
  const old = folderOf(studio.library, from).path;
  const runs: RunFolder[] = [];
  try {
    for (const name of runNames(studio.home)) {
      const run = join(studio.home.runs, name);
      if (folderOfRun(run) === old) runs.push(RunFolder.open(run));
    }
    const result = await relinkOnThread(studio.library, old, to, options);
    for (const { path, record } of runs)
      writeFileAside(join(path, 'config.json'), `${JSON.stringify({ ...record, folder: resolve(to) }, null, 2)}\n`);
    return result;
  } finally {
    for (const run of runs) run.dispose();
  }
}

/** Throws `not-found`, with how to say where it is now, when the folder that a run learns from is not there. */
export function requireFolderOfRun(folder: string): void {
  if (!existsSync(folder))
    throw new AppError(
      'not-found',
      `The folder of this run is not there: ${folder}`,
      `If it was moved: ijepa-studio scan NEW-PLACE --moved-from ${JSON.stringify(folder)}. If it lies on a drive, connect the drive.`,
    );
}
