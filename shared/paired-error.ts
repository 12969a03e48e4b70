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

/** Answers that are right or wrong as hexadecimal digits of four each, for a line of a log. */
export function packAnswers(answers: Float64Array): string {
  const digits: string[] = [];
  for (let at = 0; at < answers.length; at += 4) {
    let digit = 0;
    for (let bit = 0; bit < 4; bit++) if (answers[at + bit] === 1) digit += 2 ** bit;
    digits.push(digit.toString(16));
  }
  return digits.join('');
}

/** The first `count` answers of a text that {@link packAnswers} made; undefined where it does not hold just as many. */
export function unpackAnswers(text: string, count: number): Float64Array | undefined {
  if (text.length !== Math.ceil(count / 4)) return undefined;
  return Float64Array.from({ length: count }, (_, i) => (Number.parseInt(text[i >> 2]!, 16) >> (i % 4)) & 1);
}
