import type { DecodeSettings } from '../../../shared/config/preprocessing.ts';

/** Pictures as they are, on black where they are transparent. */
export const plainDecoding: DecodeSettings = {
  background: [0, 0, 0],
  intensity: 'full',
  intensityPercentile: [0, 100],
  intensityWindow: [0, 1],
  channels: 'rgb',
};
