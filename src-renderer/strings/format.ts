// Numbers as people read them. English only, like every sentence of the page.
export { formatDuration, formatRoughly } from '../../shared/duration.ts';

const units = ['B', 'KB', 'MB', 'GB', 'TB'] as const;
// Made when they are first needed: a browser reads its tables of languages for the first of them, and would paint the page later by that.
let wholeNumbers: Intl.NumberFormat | undefined;
let times: Intl.DateTimeFormat | undefined;
const formatWhole = (value: number): string =>
  Number.isInteger(value) && Math.abs(value) < 1000
    ? String(value)
    : (wholeNumbers ??= new Intl.NumberFormat('en', { maximumFractionDigits: 0 })).format(value);

/** 12,403 */
export const formatCount = (count: number): string => formatWhole(count);

/** "1 image", "12,403 images". */
export const plural = (count: number, one: string, many = `${one}s`): string => `${formatCount(count)} ${count === 1 ? one : many}`;

/** Enough of a number to tell it from its neighbours, short enough to be seen whole: 1.333 of four thirds. Zeros at the end go. */
export const shortNumber = (value: number, digits = 4): string => String(Number(value.toPrecision(digits)));

/** 3.1 GB; powers of 1,000 as file managers use them. */
export function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit > 0 && value < 10 ? value.toFixed(1) : formatWhole(value)} ${units[unit]!}`;
}

/** 8.2, 12, 1,204: three digits that matter. */
export function formatRate(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : formatWhole(rate);
}

/** 54.2 % of a share of 1. */
/** With a space that does not break: the sign never stands alone on a line. */
export const formatShare = (share: number, digits = 1): string => `${(share * 100).toFixed(digits)}\u00a0%`;

/** Milliseconds since 1970, in the person's own time zone. What is no time is said: the browser's own throws, and the view would be gone. */
export function formatTime(milliseconds: number): string {
  if (Number.isNaN(new Date(milliseconds).getTime())) return 'unknown';
  return (times ??= new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' })).format(milliseconds);
}

/** Last part of a path of either kind. */
export const baseName = (path: string): string =>
  path
    .replace(/[\\/]+$/, '')
    .split(/[\\/]/)
    .at(-1) || path;
