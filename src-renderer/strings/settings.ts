// Words of the form of settings beside their names; what a setting does is said by the config table's own help.
import { configTable } from '../../shared/config/config-table.ts';
import type { ConfigKey } from '../../shared/config/config-table.ts';
import { inNames } from '../../shared/config/setting-names.ts';
import type { Setting } from '../../shared/config/setting.ts';

/** Units that are counted: of one there is one. */
const counted: Readonly<Record<string, string>> = { images: 'image', patches: 'patch', blocks: 'block', crops: 'crop', numbers: 'number' };

/** The unit of a value: "crop" of 1 in "crops". */
export const settingUnit = (unit: string, value: unknown): string => (value === 1 ? (counted[unit] ?? unit) : unit);

export const settingGroups: Readonly<Record<Setting['group'], string>> = {
  model: 'Model',
  images: 'Images',
  masks: 'Masks',
  objective: 'Objective',
  optimiser: 'Optimiser',
  run: 'Run',
};

/** What a setting does. */
export const settingHelp = (key: ConfigKey): string => inNames(configTable[key].help);
