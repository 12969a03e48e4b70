// What a run that begins with the weights of another takes from it: the sizes, and how its images were normalised.
import { configKeys, configTable } from './config-table.ts';
import type { ConfigKey, TrainConfig } from './config-table.ts';

export const originKeys: readonly ConfigKey[] = [
  ...configKeys.filter((key) => configTable[key].group === 'model'),
  'normalisation',
  'mean',
  'std',
];

/** The settings that come with the weights. Mean and deviation of another folder are taken as numbers: this folder's own would differ. */
export function originSettings(config: TrainConfig): Partial<TrainConfig> {
  const taken = Object.fromEntries(originKeys.map((key) => [key, config[key]])) as Partial<TrainConfig>;
  return config.normalisation === 'folder' ? { ...taken, normalisation: 'custom' } : taken;
}
