// How images become inputs, where weights of our own say it: what they were trained with is part of what they are.
import { parseConfig } from '../../shared/config/config.ts';
import { preprocessingOf } from '../../shared/config/preprocessing.ts';
import { AppError } from '../../shared/errors.ts';
import { isTriple } from './foreign-weights.ts';
import type { StatedPreprocessing, Statistics } from './foreign-weights.ts';

export interface Stated {
  readonly preprocessing: StatedPreprocessing;
  readonly statistics?: Statistics;
}

/**
 * The preprocessing that the file or folder `path` states; what it leaves out is as it is by default. Throws `unsupported` for what this
 * version does not know: with another preprocessing the same weights give other vectors, and nobody would see it.
 */
export function statedPreprocessing(path: string, value: unknown): Stated {
  try {
    if (typeof value !== 'object' || value === null) throw new TypeError(`${JSON.stringify(value)} is no object`);
    const stated = value as Readonly<Record<string, unknown>>;
    const keys = ['background', 'intensity', 'intensityPercentile', 'intensityWindow', 'channels', 'fit'] as const;
    const config = parseConfig(Object.fromEntries(keys.map((key) => [key, stated[key]])));
    const { imageSize: _size, mean: _mean, std: _std, ...preprocessing } = preprocessingOf(config);
    const { mean, std } = stated;
    return { preprocessing, ...(isTriple(mean) && isTriple(std) && { statistics: { mean, std } }) };
  } catch (error) {
    throw new AppError(
      'unsupported',
      `${path} states a preprocessing that is not known here (${error instanceof Error ? error.message : String(error)}).`,
      'Export it again, or import it with the version of this program that wrote it or a later one.',
      error,
    );
  }
}
