// How many directions tell images apart, once what differs between views of one image counts for nothing.
import { AppError } from '../../shared/errors.ts';
import { meanOfRows, rowCount, scatterMatrix } from './matrix-products.ts';
import { principalComponents } from './principal-components.ts';
import { eigenSpectrum, exponentialEntropy } from './rank.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

/** On the diagonal of Σw, as published. */
const publishedDelta = 1e-4;
/** Views beyond the first that the scatter within images needs for each dimension, or its inverse is mostly noise. */
const viewsPerDimension = 2;

/**
 * LiDAR (Thilak et al. 2023, eq. 2–4): exp-entropy of the eigenvalues of Σw^−½·Σb·Σw^−½, where `views` [images, viewsPerImage,
 * dimension] (views of one image are one class) give Σb, the scatter of the image means, and Σw, the scatter around them, plus
 * `delta` on its diagonal. From 1 to images − 1. Where there are too few views for the dimension, both are taken in the leading principal
 * components of all views, one for two degrees of freedom of Σw: else directions in which no view happens to move would count for
 * everything (Belhumeur et al. 1997, §2.4). Throws `bad-input` for fewer than two images or views.
 */
export function lidar(views: Float32Array, viewsPerImage: number, dimension: number, delta = publishedDelta): number {
  const images = rowCount(views, viewsPerImage * dimension);
  if (images < 2 || viewsPerImage < 2) {
    throw new AppError('bad-input', `LiDAR got ${images} images of ${viewsPerImage} views.`, 'It needs two of each.');
  }
  const most = Math.max(1, Math.floor((images * (viewsPerImage - 1)) / viewsPerDimension));
  return dimension <= most
    ? lidarOf(views, images, viewsPerImage, dimension, delta)
    : lidarOf(...projected(views, images, viewsPerImage, dimension, most), delta);
}

function projected(
  views: Float32Array,
  images: number,
  viewsPerImage: number,
  dimension: number,
  most: number,
): [Float32Array, number, number, number] {
  const { mean, directions, variances } = principalComponents(views, dimension, most);
  const kept = Math.max(1, variances.length);
  const placed = new Float32Array(images * viewsPerImage * kept);
  for (let row = 0; row < images * viewsPerImage; row++) {
    for (let j = 0; j < variances.length; j++) {
      let sum = 0;
      for (let k = 0; k < dimension; k++) sum += directions[j * dimension + k]! * (views[row * dimension + k]! - mean[k]!);
      placed[row * kept + j] = sum;
    }
  }
  return [placed, images, viewsPerImage, kept];
}

function lidarOf(views: Float32Array, images: number, viewsPerImage: number, dimension: number, delta: number): number {
  const means = new Float32Array(images * dimension);
  const within = new Float32Array(views.length);
  for (let image = 0; image < images; image++) {
    const own = views.subarray(image * viewsPerImage * dimension, (image + 1) * viewsPerImage * dimension);
    const mean = meanOfRows(own, dimension);
    means.set(mean, image * dimension);
    for (let i = 0; i < own.length; i++) within[image * viewsPerImage * dimension + i] = own[i]! - mean[i % dimension]!;
  }
  const scatterWithin = scatterMatrix(within, dimension);
  for (let i = 0; i < scatterWithin.length; i++) scatterWithin[i]! /= images * (viewsPerImage - 1);
  for (let k = 0; k < dimension; k++) scatterWithin[k * dimension + k]! += delta;
  const eigen = symmetricEigen(scatterWithin, dimension);
  // The eigenvalues of Σw^−½ Σb Σw^−½ are those of the scatter of the means in coordinates that whiten Σw.
  const whitened = new Float32Array(images * dimension);
  const grandMean = meanOfRows(means, dimension);
  for (let image = 0; image < images; image++) {
    for (let j = 0; j < dimension; j++) {
      let sum = 0;
      for (let k = 0; k < dimension; k++) {
        sum += eigen.vectors[j * dimension + k]! * (means[image * dimension + k]! - grandMean[k]!);
      }
      whitened[image * dimension + j] = sum / Math.sqrt(eigen.values[j]!);
    }
  }
  return exponentialEntropy(eigenSpectrum(whitened, dimension));
}
