// Where the program keeps what it makes: one folder, that can be moved or deleted as a whole. Originals are never in it.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { isCardHeldElsewhere } from '../files/card-lock.ts';
import { isHeldHere } from '../files/folder-lock.ts';
import { isCutImport } from '../training/run-folder/run-folder.ts';
import { readEvents } from '../training/run-folder/run-log.ts';

export interface Home {
  readonly path: string;
  readonly cache: string;
  readonly runs: string;
  readonly embeddings: string;
  /** For exports that a person names no place for, where no better one may be used. */
  readonly exports: string;
}

/** The home at `path`, else at IJEPA_STUDIO_HOME, else `.ijepa-studio` in the user's folder. An empty text is none: it would mean the working folder. Throws `bad-input` for a file. */
export function homeAt(path?: string): Home {
  const root = resolve(path || process.env['IJEPA_STUDIO_HOME'] || join(homedir(), '.ijepa-studio'));
  if (statSync(root, { throwIfNoEntry: false })?.isFile() === true)
    throw new AppError('bad-input', `The home ${root} is a file.`, 'Give a folder, which is made when it is not there.');
  const at = (name: string): string => join(root, name);
  return { path: root, cache: at('cache'), runs: at('runs'), embeddings: at('embeddings'), exports: at('exports') };
}

/** When a run was made, ms since 1970: its record says it, since a folder that moved has the file written anew. A damaged record has its file's time. */
function madeAt(file: string): number {
  try {
    const made = Date.parse((JSON.parse(readFileSync(file, 'utf8')) as { created: string }).created);
    if (Number.isFinite(made)) return made;
  } catch {
    // Whoever uses the run says what is wrong with it.
  }
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Whether it can be the name of a run: a plain folder name on every system. */
const isRunName = (name: string): boolean => /^[^\\/:*?"<>|\p{Cc}]+$/u.test(name) && !/[. ]$/.test(name) && name.length <= 100;

/** Names of the runs, the newest last. A folder that somebody named as no run can be named is none; it is opened by its path. */
export function runNames({ runs }: Home): string[] {
  if (!existsSync(runs)) return [];
  return readdirSync(runs)
    .filter((name) => isRunName(name) && existsSync(join(runs, name, 'config.json')))
    .map((name) => ({ name, made: madeAt(join(runs, name, 'config.json')) }))
    .toSorted((a, b) => a.made - b.made || a.name.localeCompare(b.name))
    .map(({ name }) => name);
}

/** Names of the runs that a process of this computer trains or changes at this moment. */
export const runsInUse = (home: Home): readonly string[] => runNames(home).filter((name) => isHeldHere(join(home.runs, name)));

/** Whether one of them trains on a graphics card, or may be about to, or another program of this user, whatever its home, works on it. */
export const hasRunOnCard = (home: Home): boolean =>
  isCardHeldElsewhere('works') ||
  runsInUse(home).some((name) => [...readEvents(join(home.runs, name), 'started')].at(-1)?.device !== 'cpu');

/** Folder of a run given by name or path, the newest when not given. Throws `not-found` with the names there are. */
export function runPath(home: Home, run?: string): string {
  const names = runNames(home);
  if (run === undefined) {
    const newest = names.at(-1);
    if (newest === undefined) throw new AppError('not-found', 'There is no run yet.', 'Train one first: ijepa-studio train FOLDER');
    return join(home.runs, newest);
  }
  for (const path of [join(home.runs, run), resolve(run)]) if (existsSync(join(path, 'config.json'))) return path;
  throw new AppError(
    'not-found',
    `There is no run called '${run}'.`,
    names.length > 0 ? `The runs are: ${names.join(', ')}.` : 'Train one first: ijepa-studio train FOLDER',
  );
}

/** Folder of the newest run that learns from a folder of images. Throws `not-found` when there is none. */
export function newestRunOf(home: Home, images: string): string {
  const wanted = resolve(images);
  for (const name of runNames(home).toReversed()) {
    try {
      const { folder } = JSON.parse(readFileSync(join(home.runs, name, 'config.json'), 'utf8')) as { folder: unknown };
      if (folder === wanted) return join(home.runs, name);
    } catch {
      // A damaged record is not the one that is looked for.
    }
  }
  throw new AppError('not-found', `No run learns from ${images}.`, 'See `ijepa-studio inspect` for what there is.');
}

/** Where a new run of this name goes. Throws `bad-input` for a name that is no plain folder name on every system. */
export function newRunPath(home: Home, name: string): string {
  if (!isRunName(name))
    throw new AppError(
      'bad-input',
      `A run cannot be called '${name}'.`,
      'Choose a name without / \\ : * ? " < > |, not ending in a dot or space, of at most 100 characters.',
    );
  return join(home.runs, name);
}

/** The same, for a name that no run has yet. Throws `bad-input` for one that is taken too. */
export function freeRunPath(home: Home, name: string): string {
  const path = newRunPath(home, name);
  if (existsSync(join(path, 'config.json')))
    throw new AppError(
      'bad-input',
      `There is a run called '${name}' already.`,
      `Choose another name, or resume that run (in a terminal: ijepa-studio train --resume --run ${JSON.stringify(name)}).`,
    );
  return path;
}

/** A name that no run has: the folder's name and a number. What an import that was cut short has left has none. */
export function freshRunName(home: Home, folder: string): string {
  const base = (resolve(folder).split(/[\\/]/).at(-1) ?? 'run').replace(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 40) || 'run';
  for (let number = 1; ; number++) {
    const place = join(home.runs, `${base}-${number}`);
    if (!existsSync(place) || isCutImport(place)) return `${base}-${number}`;
  }
}
