// How a file becomes the encoder's input. Recorded in the config, the checkpoint, the manifest and the ONNX metadata, because
// vectors made with another preprocessing cannot be compared.
import type { TrainConfig } from './config-table.ts';

/** What decides the decoded pixels (and so the decode cache). */
export interface DecodeSettings {
  /** Colour under transparent pixels, 0–255 per channel. */
  readonly background: readonly [number, number, number];
  readonly intensity: TrainConfig['intensity'];
  /** Per cent; used when intensity is `percentile`. */
  readonly intensityPercentile: readonly [number, number];
  /** Raw values; used when intensity is `window`. */
  readonly intensityWindow: readonly [number, number];
  readonly channels: TrainConfig['channels'];
}

/** Everything between the file and the encoder. */
export interface Preprocessing extends DecodeSettings {
  /** Side of the square input, pixels. */
  readonly imageSize: number;
  readonly fit: TrainConfig['fit'];
  /** Per channel, of values in 0–1. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

export const imagenetMean = [0.485, 0.456, 0.406] as const;
export const imagenetStd = [0.229, 0.224, 0.225] as const;

/** The preprocessing of a configuration; `folder` normalisation expects mean and std to have been filled in. */
export function preprocessingOf(config: TrainConfig): Preprocessing {
  const { background, intensity, intensityPercentile, intensityWindow, channels, imageSize, fit } = config;
  const [mean, std] =
    config.normalisation === 'imagenet'
      ? [imagenetMean, imagenetStd]
      : config.normalisation === 'half'
        ? ([
            [0.5, 0.5, 0.5],
            [0.5, 0.5, 0.5],
          ] as const)
        : [config.mean, config.std];
  return { background, intensity, intensityPercentile, intensityWindow, channels, imageSize, fit, mean, std };
}
