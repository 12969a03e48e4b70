// Published weights: which there are here, and fetching them.
import { existsSync, statfsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { download } from '../files/download.ts';
import type { DownloadOptions } from '../files/download.ts';
import { modelFiles, modelLicence, publishedModels } from '../weights/model-list.ts';
import type { PublishedModel } from '../weights/model-list.ts';
import type { Home } from './home.ts';

export { modelLicence, publishedModels };

/** Where the files of a model lie. */
export const modelFolder = (home: Home, { name }: Pick<PublishedModel, 'name'>): string => join(home.path, 'models', name);

/** Whether all of a model is here. */
export const isFetched = (home: Home, model: Pick<PublishedModel, 'name'>): boolean =>
  modelFiles.every(({ name, optional }) => optional || existsSync(join(modelFolder(home, model), name)));

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

/**
 * Fetches what of a model is not here yet, and returns its folder, ready for import. Throws `not-allowed` before the licence was accepted,
 * `disk-full`, and what `download` throws; what came is kept.
 */
export async function fetchModel(home: Home, model: PublishedModel, { accepted, ...options }: FetchOptions): Promise<string> {
  const folder = modelFolder(home, model);
  if (isFetched(home, model)) return folder;
  if (!accepted)
    throw new AppError('not-allowed', modelLicence.sentence, `Read it at ${modelLicence.address}, and add --accept-licence if you agree.`);
  mkdirSync(folder, { recursive: true });
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < model.bytes)
    throw new AppError(
      'disk-full',
      `The model takes ${(model.bytes / 1e9).toFixed(1)} GB, and ${((bavail * bsize) / 1e9).toFixed(1)} GB are free.`,
      'Free some space, or choose another home: --home FOLDER',
    );
  for (const { name, optional, weights } of modelFiles) {
    const target = join(folder, name);
    if (existsSync(target)) continue;
    await download(`${model.address}/${name}`, target, { optional, ...(weights && { sha256: model.sha256 }) }, options);
  }
  return folder;
}
