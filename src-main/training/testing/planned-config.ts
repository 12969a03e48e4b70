// A network whose plan takes a moment: of several blocks and a predictor, on crops of 64 px.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { parseConfig } from '../../../shared/config/config.ts';

export const plannedConfig = (more: Partial<TrainConfig> = {}): TrainConfig =>
  parseConfig({
    architecture: 'custom',
    width: 96,
    depth: 3,
    heads: 2,
    predictorWidth: 48,
    predictorDepth: 2,
    predictorHeads: 2,
    imageSize: 64,
    patchSize: 8,
    batchSize: 96,
    ...more,
  });
