// A query made of several images: those it should be like, minus those it should not be like.
import { AppError } from '../../shared/errors.ts';
import { normaliseRows } from '../evaluation/spaces.ts';

/**
 * Σ of the normalised `plus` minus Σ of the normalised `minus`, normalised again; vectors [dimension] in one space. Throws
 * `bad-input` when there is no vector, when lengths differ, or when they cancel out.
 */
export function combineQueries(plus: readonly Float32Array[], minus: readonly Float32Array[] = []): Float32Array<ArrayBuffer> {
  const dimension = (plus[0] ?? minus[0])?.length ?? 0;
  const sum = new Float64Array(dimension);
  for (const [vectors, sign] of [
    [plus, 1],
    [minus, -1],
  ] as const) {
    for (const vector of vectors) {
      if (vector.length !== dimension) {
        throw new AppError('bad-input', 'The vectors of the query are of different lengths.', 'Compute them with one model.');
      }
      const unit = normaliseRows(vector, dimension);
      for (let k = 0; k < dimension; k++) sum[k]! += sign * unit[k]!;
    }
  }
  const length = Math.sqrt(sum.reduce((squares, value) => squares + value * value, 0));
  if (!(length > 1e-6)) {
    throw new AppError(
      'bad-input',
      dimension === 0 ? 'The query has no image.' : 'The images of the query cancel each other out.',
      dimension === 0 ? 'Choose at least one image.' : 'Remove an image from the query, or add another.',
    );
  }
  return Float32Array.from(sum, (value) => value / length);
}
