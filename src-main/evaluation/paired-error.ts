// How far the scores of two sources of vectors may be apart by chance when the same images asked both.
import { AppError } from '../../shared/errors.ts';

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
