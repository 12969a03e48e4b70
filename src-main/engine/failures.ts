// The files that gave no image, for a person.
import { defaultLimits } from '../images/decoder.ts';
import { exportFailures, failures } from '../library/failures.ts';
import type { Failure } from '../library/failures.ts';
import type { Studio } from './studio.ts';

export const defaultDecodeLimits = defaultLimits;

/** The first `limit` failures of a folder, by path. */
export const failureList = (studio: Studio, root: string, limit: number): readonly Failure[] => failures(studio.library, { root, limit });

/** Writes all failures of a folder as CSV: file, reason, message. */
export const exportFailureList = (studio: Studio, file: string, root: string): void => exportFailures(studio.library, file, root);
