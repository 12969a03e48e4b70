// Published weights: which there are here, and fetching them.
import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../../../shared/errors.ts';
import { download, receivedBytes } from '../../files/download.ts';
import type { CheckedBy, DownloadOptions } from '../../files/download.ts';
import { takeLock } from '../../files/folder-lock.ts';
import { listCheckpoints, readRecord } from '../../training/run-folder/run-folder.ts';
import type { RunRecord } from '../../training/run-folder/run-folder.ts';
import { modelFiles, modelLicence, publishedModels, sizeTolerance } from '../../weights/model-list.ts';
import type { PublishedModel } from '../../weights/model-list.ts';
import { newRunPath } from '../home.ts';
import type { Home } from '../home.ts';

export { modelLicence, publishedModels };

const modelsFolder = 'models';

/** Where the files of a model lie. */
export const modelFolder = (home: Home, { name }: Pick<PublishedModel, 'name'>): string => join(home.path, modelsFolder, name);

/** Whether all files of a model are here. */
const isFetched = (home: Home, model: Pick<PublishedModel, 'name'>): boolean =>
  modelFiles.every(({ name, optional }) => optional || existsSync(join(modelFolder(home, model), name)));

/** The record of a run, by name, if it was made of a model: it says where from, though the home may have been moved since. Throws `bad-input` for what is no name. */
export function recordOfModel(home: Home, { name }: Pick<PublishedModel, 'name'>, run: string): RunRecord | undefined {
  const path = newRunPath(home, run);
  try {
    const record = readRecord(path);
    const { imported } = record;
    const isOfModel = imported !== undefined && basename(imported) === name && basename(dirname(imported)) === modelsFolder;
    return isOfModel && listCheckpoints(path).length > 0 ? record : undefined;
  } catch (error) {
    // There is none, or nobody knows what it is.
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

/** Whether a model needs no fetching: it is a run by its own name, or its files are here. */
export const isModelHere = (home: Home, model: Pick<PublishedModel, 'name'>): boolean =>
  recordOfModel(home, model, model.name) !== undefined || isFetched(home, model);

/** The fetched files of a model that has become a run: the run has all that was in them. */
export const dropFetched = (home: Home, model: Pick<PublishedModel, 'name'>): void =>
  rmSync(modelFolder(home, model), { recursive: true, force: true });

/** Fetched files, and the run that is made of them with two encoders. */
const copies = 3;

/** Throws `not-found` with the names there are. */
export function modelCalled(name: string, models: readonly PublishedModel[] = publishedModels): PublishedModel {
  const found = models.find((one) => one.name === name);
  if (!found)
    throw new AppError('not-found', `There is no model called '${name}'.`, `The models are: ${models.map((one) => one.name).join(', ')}.`);
  return found;
}

export interface FetchOptions extends DownloadOptions {
  /** Whether the person has accepted {@link modelLicence}. */
  readonly accepted: boolean;
}

/** What can be said before it is fetched where no checksum is known; nothing where one is. */
export const checkNote = ({ sha256 }: PublishedModel): string | undefined =>
  sha256 === undefined
    ? 'No checksum of it is known to this program: its size is checked, and the checksum that the server states, if it states one.'
    : undefined;

const checkSentences: Readonly<Record<CheckedBy | 'unknown', string>> = {
  known: 'The checksum of the fetched file is the published one.',
  stated: 'The checksum of the fetched file is the one that its server states; none is known to this program.',
  nothing:
    'The fetched file was not checked against a checksum: neither this program nor its server has one. Its size is right; whether its content is cannot be told.',
  unknown: 'Whether the fetched file was checked against a checksum is not known: an earlier version of this program has fetched it.',
};

export interface FetchedModel {
  readonly folder: string;
  /** What its weights were checked by, a sentence for a person. */
  readonly checked: string;
}

/** In the folder of a model: what its weights were checked by, for an import that comes later. */
const checkFile = 'checked-by.txt';

function checkedBy(folder: string, { sha256 }: PublishedModel): string {
  if (sha256 !== undefined) return checkSentences.known;
  const path = join(folder, checkFile);
  const kept = existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
  return kept === 'stated' || kept === 'nothing' ? checkSentences[kept] : checkSentences.unknown;
}

/**
 * Fetches what of a model is not here yet, and returns its folder, ready for import. Throws `not-allowed` before the licence was accepted,
 * `disk-full`, `locked` while it is being
 * fetched already, and what `download` throws; what came is kept.
 */
export async function fetchModel(home: Home, model: PublishedModel, { accepted, ...options }: FetchOptions): Promise<FetchedModel> {
  const folder = modelFolder(home, model);
  if (isFetched(home, model)) return { folder, checked: checkedBy(folder, model) };
  if (!accepted)
    throw new AppError('not-allowed', modelLicence.sentence, `Read it at ${modelLicence.address}, and add --accept-licence if you agree.`);
  mkdirSync(folder, { recursive: true });
  const { bavail, bsize } = statfsSync(folder);
  // Where an earlier try was cut, the rest alone takes more of the disk.
  const here = modelFiles.reduce((bytes, { name }) => bytes + receivedBytes(join(folder, name)), 0);
  const needed = copies * model.bytes - here;
  if (bavail * bsize < needed)
    throw new AppError(
      'disk-full',
      `The model takes ${(needed / 1e9).toFixed(1)} GB ${here > 0 ? 'more ' : ''}while it becomes a run, and ${((bavail * bsize) / 1e9).toFixed(1)} GB are free.`,
      'Free some space (in a terminal another home will do: --home FOLDER).',
    );
  // Two that append to one file would spoil it.
  const lock = takeLock(folder);
  try {
    for (const { name, optional, weights } of modelFiles) {
      const target = join(folder, name);
      if (existsSync(target)) continue;
      const { sha256, bytes } = model;
      const expected = { optional, ...(weights && { sha256, bytes, tolerance: sizeTolerance }) };
      const by = await download(`${model.address}/${name}`, target, expected, options);
      if (weights) writeFileSync(join(folder, checkFile), `${by}\n`);
    }
  } finally {
    lock.dispose();
  }
  return { folder, checked: checkedBy(folder, model) };
}
