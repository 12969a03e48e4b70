// The error that something must be refused with, for tests that look at its code and words.
import { AppError } from '../../../shared/errors.ts';

/** What `work` throws, which must be an error for a person. Throws when nothing was refused. */
export function refusalOf(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
