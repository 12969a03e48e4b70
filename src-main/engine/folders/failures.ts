// The files that gave no image, for a person.
import { resolve } from 'node:path';
import { defaultLimits } from '../../images/decoder.ts';
import { exportFailures, failures } from '../../library/failures.ts';
import type { Failure } from '../../library/failures.ts';
import type { Studio } from '../studio.ts';
import { requireFailuresTarget } from '../write-target.ts';

export const defaultDecodeLimits = defaultLimits;

/** The first `limit` failures of a folder, by path. */
export const failureList = (studio: Studio, root: string, limit: number): readonly Failure[] => failures(studio.library, { root, limit });

/**
 * Rejects with `bad-input`, `not-found`, `not-writable` where no list of this folder's failures may be written: ask before the scan begins,
 * which may be the folder's first.
 */
export const checkFailuresTarget = async ({ originals }: Studio, file: string, root: string): Promise<void> =>
  requireFailuresTarget(file, [...originals, resolve(root)]);

/** Writes all failures of a folder as CSV: file, reason, message. Rejects as `checkFailuresTarget`, and with `disk-full`. */
export async function exportFailureList(studio: Studio, file: string, root: string): Promise<void> {
  await checkFailuresTarget(studio, file, root);
  exportFailures(studio.library, file, root);
}
