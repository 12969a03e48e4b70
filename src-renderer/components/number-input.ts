// What a person typed as a number.
import { strings } from '../strings/strings.ts';

export interface NumberLimits {
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
}

/** The number, or what is wrong with it in a sentence. */
export function readNumber(typed: string, { min, max, whole = false }: NumberLimits): number | string {
  const value = typed.trim() === '' ? Number.NaN : Number(typed);
  if (!Number.isFinite(value) || value < min || value > max) return strings.common.outOfRange(min, max);
  if (whole && !Number.isInteger(value)) return strings.common.notWhole;
  return value;
}
