// Flags of `train`, made from the one table of settings.
import { Option } from 'commander';
import type { Command } from 'commander';
import { configKeys, configTable } from '../../shared/config/config-table.ts';
import type { ConfigKey } from '../../shared/config/config-table.ts';
import type { Setting } from '../../shared/config/setting.ts';
import { sayingSettings } from '../../shared/config/settings-in-text.ts';
import { AppError } from '../../shared/errors.ts';
import { sizeKeys, suggestedKeys } from '../engine/runs/suggest.ts';

export const flagName = (key: string): string => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** The text with settings as a person of the terminal types them: `minKeep` as `--min-keep`, `device=cpu` as `--device cpu`. */
export const inFlags = (text: string): string =>
  sayingSettings(text, { first: flagName, named: flagName, chosen: (key, choice) => `${flagName(key)} ${choice}` });

/** Where a setting comes from when its flag is not given. */
function presetText(key: ConfigKey, setting: Setting): string {
  const preset = typeof setting.default === 'object' ? setting.default.join(',') : String(setting.default);
  if (key === 'architecture') return 'Default: sizes chosen from the folder.';
  if (sizeKeys.includes(key)) return `Chosen from the folder${key.startsWith('predictor') ? `; with a named architecture ${preset}` : ''}.`;
  if (suggestedKeys.includes(key)) return 'Chosen from the folder.';
  return `Default ${preset}.`;
}

function placeholder(setting: Setting): string {
  switch (setting.type) {
    case 'integer':
    case 'number':
      return '<number>';
    case 'range':
      return '<low,high>';
    case 'triple':
      return '<a,b,c>';
    case 'choice':
      return '<choice>';
    case 'switch':
      return '[yes|no]';
  }
}

/** `imageSize` … as `--image-size <number>` with help, unit and default. */
export function addConfigFlags(command: Command): Command {
  for (const key of configKeys) {
    const setting: Setting = configTable[key];
    const unit = setting.unit ? ` [${setting.unit}]` : '';
    const choices = setting.type === 'choice' ? ` (${setting.choices.join(', ')})` : '';
    command.addOption(
      new Option(
        `${flagName(key)} ${placeholder(setting)}`,
        `${inFlags(setting.help)}${unit}${choices} ${presetText(key, setting)}`,
      ).helpGroup(`Settings: ${setting.group}`),
    );
  }
  return command;
}

function parseValue(key: ConfigKey, text: string | true): unknown {
  const setting: Setting = configTable[key];
  if (setting.type === 'switch') {
    if (text === true || ['yes', 'true', 'on', '1'].includes(text)) return true;
    if (['no', 'false', 'off', '0'].includes(text)) return false;
    throw new AppError('bad-config', `${flagName(key)}: '${text}' is neither yes nor no`, 'Give yes or no.');
  }
  if (text === true || setting.type === 'choice') return text;
  const parts = text.split(',');
  const numbers = parts.map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const wrong = numbers.findIndex((value) => !Number.isFinite(value));
  const single = setting.type !== 'range' && setting.type !== 'triple';
  if (wrong >= 0 || (single && parts.length > 1))
    throw new AppError(
      'bad-config',
      `${flagName(key)}: '${text}' ${single ? 'is not a number' : 'are not numbers'}`,
      single
        ? `Give a number from ${setting.min} to ${setting.max}.`
        : `Give numbers separated by a comma, such as ${setting.default.join(',')}.`,
    );
  return single ? numbers[0] : numbers;
}

/** The settings among the parsed options of a command. Checked by `parseConfig` later. */
export function givenSettings(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const key of configKeys) {
    const value = options[key];
    if (value !== undefined) given[key] = parseValue(key, value as string | true);
  }
  return given;
}
