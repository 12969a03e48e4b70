// Reads the options that several commands share, with an error that names the flag.
import { AppError } from '../../shared/errors.ts';
import type { Options } from './action.ts';

export function textOption(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

export function numberOption(options: Options, name: string, flag: string, least = 0): number | undefined {
  const text = textOption(options, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < least)
    throw new AppError('bad-config', `${flag}: '${text}' is no number from ${least}`, `Give a number from ${least}.`);
  return value;
}

/** As `numberOption`, for what is counted. */
export function integerOption(options: Options, name: string, flag: string, least = 0, most = Number.MAX_SAFE_INTEGER): number | undefined {
  const value = numberOption(options, name, flag, least);
  if (value === undefined || (Number.isInteger(value) && value <= most)) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  throw new AppError('bad-config', `${flag}: '${value}' is no whole number ${range}`, `Give a whole number ${range}.`);
}

export function choiceOption<T extends string>(options: Options, name: string, flag: string, choices: readonly T[]): T {
  const value = options[name];
  const found = choices.find((choice) => choice === value);
  if (found === undefined)
    throw new AppError('bad-config', `${flag}: '${String(value)}' is not one of its choices`, `Choose one of: ${choices.join(', ')}.`);
  return found;
}

export function listOption(options: Options, name: string): readonly string[] {
  const value = options[name];
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

/** Name under which a flag is parsed. */
const nameOf = (flag: string): string => flag.slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Throws `bad-config` for a flag that is given without the one that it says something of: it would be ignored. */
export function requireBeside(options: Options, flag: string, needed: string, hint: string): void {
  if (options[nameOf(flag)] !== undefined && options[nameOf(needed)] === undefined)
    throw new AppError('bad-config', `${flag}: needs ${needed}`, hint);
}
