// Every setting of a run, once: the command line's flags, the form, the checks and the header of a checkpoint come from this table.
import { imageSettings } from './config-images.ts';
import { maskSettings } from './config-masks.ts';
import { modelSettings } from './config-model.ts';
import { objectiveSettings } from './config-objective.ts';
import { optimiserSettings } from './config-optimiser.ts';
import { presetSettings } from './config-preset.ts';
import { runSettings } from './config-run.ts';
import type { ChoiceSetting, NumberSetting, RangeSetting, Setting, SwitchSetting, TripleSetting } from './setting.ts';

export const configTable = {
  ...presetSettings,
  ...modelSettings,
  ...imageSettings,
  ...maskSettings,
  ...objectiveSettings,
  ...optimiserSettings,
  ...runSettings,
} as const satisfies Record<string, Setting>;

export type ConfigTable = typeof configTable;
export type ConfigKey = keyof ConfigTable;

type Value<S extends Setting> = S extends NumberSetting
  ? number
  : S extends RangeSetting
    ? readonly [number, number]
    : S extends TripleSetting
      ? readonly [number, number, number]
      : S extends ChoiceSetting<infer T>
        ? T
        : S extends SwitchSetting
          ? boolean
          : never;

/** The settings of a run, complete and checked. */
export type TrainConfig = { readonly [K in ConfigKey]: Value<ConfigTable[K]> };

export const configKeys = Object.keys(configTable) as readonly ConfigKey[];
