// Flags of `train`, made from the one table of settings.
import { Option } from 'commander';
import type { Command } from 'commander';
import { configKeys, configTable } from '../../shared/config-table.ts';
import type { ConfigKey } from '../../shared/config-table.ts';
import { AppError } from '../../shared/errors.ts';
import type { Setting } from '../../shared/setting.ts';

export const flagName = (key: string): string => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

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
    const preset = typeof setting.default === 'object' ? setting.default.join(',') : String(setting.default);
    command.addOption(
      new Option(`${flagName(key)} ${placeholder(setting)}`, `${setting.help}${unit}${choices} Default ${preset}.`).helpGroup(
        `Settings: ${setting.group}`,
      ),
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
  const numbers = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  return setting.type === 'range' || setting.type === 'triple' ? numbers : numbers.length === 1 ? numbers[0] : Number.NaN;
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
