// How far the scores of two sources of vectors may be apart by chance when the same images asked both.
import { AppError } from './errors.ts';

/**
 * Standard error of mean(a) − mean(b), whose answers (0–1) are those to the same questions. For answers of 0 and 1 it is that of McNemar's table
 * with half an answer more in each of its four cells, which keeps it honest where few answers differ (Agresti & Min 2005, "Simple improved
 * confidence intervals for comparing matched proportions"). Throws `bad-input` when the lengths differ.
 */
export function pairedError(a: Float64Array, b: Float64Array): number {
  if (a.length !== b.length)
    throw new AppError('bad-input', `${a.length} answers beside ${b.length}.`, 'Both must be asked the same questions.');
  let [sum, squares] = [0, 1];
  for (const [i, answer] of a.entries()) {
    const difference = answer - b[i]!;
    sum += difference;
    squares += difference ** 2;
  }
  const questions = a.length + 2;
  return Math.sqrt(squares - sum ** 2 / questions) / questions;
}

/** Begins a text whose answers are in halves, two to a digit; else a digit has four that are right or wrong. */
const inHalves = 'h';

/**
 * Answers as hexadecimal digits, for a line of a log. Where all are 0 or 1 a digit holds four; else two, to the nearest half: crop retrieval asks
 * twice per image, and what is between is chance among equals.
 */
export function packAnswers(answers: Float64Array): string {
  const bits = answers.every((answer) => answer === 0 || answer === 1) ? 1 : 2;
  const each = 4 / bits;
  const digits = Array.from({ length: Math.ceil(answers.length / each) }, (_, at) => {
    const those = answers.subarray(at * each, (at + 1) * each);
    return those.reduce((digit, answer, i) => digit + Math.round(bits * answer) * 2 ** (bits * i), 0).toString(16);
  });
  return (bits === 2 ? inHalves : '') + digits.join('');
}

/** The first `count` answers of a text that {@link packAnswers} made; undefined where it does not hold just as many. */
export function unpackAnswers(text: string, count: number): Float64Array | undefined {
  const bits = text.startsWith(inHalves) ? 2 : 1;
  const each = 4 / bits;
  const digits = text.slice(bits - 1);
  if (digits.length !== Math.ceil(count / each)) return undefined;
  return Float64Array.from({ length: count }, (_, i) => {
    const digit = Number.parseInt(digits[Math.floor(i / each)]!, 16);
    return ((digit >> (bits * (i % each))) & (2 ** bits - 1)) / bits;
  });
}
