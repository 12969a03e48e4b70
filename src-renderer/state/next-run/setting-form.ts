// What the form of settings needs to know besides the table: which settings count, what was changed, what is searched for, and how a
// value is written and read.
import { configKeys, configTable } from '../../../shared/config/config-table.ts';
import type { ConfigKey, TrainConfig } from '../../../shared/config/config-table.ts';
import { maskedOneIn, parseConfig } from '../../../shared/config/config.ts';
import { inNames, settingName } from '../../../shared/config/setting-names.ts';
import type { Setting } from '../../../shared/config/setting.ts';
import { firstKey } from '../../../shared/config/settings-in-text.ts';
import { AppError } from '../../../shared/errors.ts';
import { settingHelp } from '../../strings/settings.ts';

export type SettingValue = TrainConfig[ConfigKey];
/** Settings that a person chose; all others are suggested. */
export type ChosenSettings = { readonly [K in ConfigKey]?: TrainConfig[K] };

export interface SettingProblem {
  /** The setting to look at; none when the message names no single one. */
  readonly key: ConfigKey | undefined;
  readonly message: string;
  readonly hint: string;
}

export function sameValue(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, i) => one === b[i]);
  return a === b;
}

/** Whether anything draws masks: the figures of an evaluation do too, for a run whose crops are seen whole. */
const drawsMasks = (config: TrainConfig): boolean => maskedOneIn(config) !== Infinity || config.evaluateImages > 0;

/** Whether a setting does anything with the others as they are. */
export function isUsed(key: ConfigKey, config: TrainConfig): boolean {
  switch (key) {
    case 'width':
    case 'depth':
    case 'heads':
    case 'mlpRatio':
      return config.architecture === 'custom';
    case 'intensityPercentile':
      return config.intensity === 'percentile';
    case 'intensityWindow':
      return config.intensity === 'window';
    case 'mean':
    case 'std':
      return config.normalisation === 'custom';
    case 'sigregProjections':
      return config.sigreg > 0;
    case 'projectorWidth':
      return config.sigreg > 0 || config.agreement > 0;
    case 'patchDeviation':
      return config.stem === 'linear';
    case 'stemStart':
      return config.stem === 'convolutions';
    case 'agreementBy':
    case 'crops':
      return config.agreement > 0;
    case 'temperature':
    case 'contrastImages':
      return config.agreement > 0 && config.agreementBy === 'contrast';
    case 'epochs':
      return config.steps === 0;
    case 'loss':
    case 'predictionStride':
    case 'predictorWidth':
    case 'predictorDepth':
    case 'predictorHeads':
      return config.prediction > 0;
    case 'flip':
      return config.masking !== 'paper-exact';
    case 'targetCount':
    case 'targetScale':
    case 'targetAspect':
    case 'contextScale':
      return drawsMasks(config);
    case 'contextTokens':
      return drawsMasks(config) && config.masking !== 'paper-exact';
    case 'minKeep':
      return drawsMasks(config) && (config.masking === 'paper-exact' || config.contextTokens === 0);
    default:
      return true;
  }
}

/** Keys of each group in the table's order, of those whose name, key or help holds every word that is searched for. */
export function foundKeys(search: string): ReadonlyMap<Setting['group'], readonly ConfigKey[]> {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = new Map<Setting['group'], ConfigKey[]>();
  for (const key of configKeys) {
    const { group } = configTable[key];
    const text = `${key} ${settingName(key)} ${settingHelp(key)} ${group}`.toLowerCase();
    if (!words.every((word) => text.includes(word))) continue;
    groups.set(group, [...(groups.get(group) ?? []), key]);
  }
  return groups;
}

/** Short and exact: what `Number` reads back as the same value. */
export function writeNumber(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential();
  return String(value);
}

/** What was typed, as a number; NaN for what is none. A comma is a decimal point here, as in much of the world. */
export function readNumber(text: string): number {
  const plain = text.trim().replace(',', '.');
  return plain === '' ? NaN : Number(plain);
}

/** What is wrong with settings, as far as the table itself can tell. */
export function problemOf(settings: Readonly<Record<string, unknown>>): SettingProblem | undefined {
  try {
    parseConfig(settings);
    return undefined;
  } catch (error) {
    return problemFrom(error);
  }
}

/** An error about settings, with the setting that it is about. Rethrows what is none. */
export function problemFrom(error: unknown): SettingProblem {
  if (!(error instanceof AppError)) throw error;
  const key = firstKey(error.message);
  const message = key === undefined ? error.message : error.message.slice(`${key}: `.length);
  return { key, message: inNames(message), hint: inNames(error.hint) };
}

/** Which chosen settings differ from what is suggested. */
export function changedKeys(chosen: ChosenSettings, suggested: TrainConfig | undefined): readonly ConfigKey[] {
  return (Object.keys(chosen) as ConfigKey[]).filter((key) => !suggested || !sameValue(chosen[key], suggested[key]));
}

/** A value as it is read: "0.15 – 0.2", "on". */
export function writeValue(value: SettingValue): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  const short = (number: number): string => writeNumber(Number(number.toPrecision(6)));
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : short(value);
  return typeof value === 'string' ? value : value.map(short).join(' – ');
}
