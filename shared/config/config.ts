// Checks a configuration against the table and fills in what is not given.
import { AppError } from '../errors.ts';
import { closest } from './closest.ts';
import { configKeys, configTable } from './config-table.ts';
import type { ConfigKey, TrainConfig } from './config-table.ts';
import type { Setting } from './setting.ts';

/** Width, depth, heads and feed-forward ratio by name (Assran et al. 2023, table of architectures). */
export const architectures = {
  tiny: { width: 192, depth: 12, heads: 3, mlpRatio: 4 },
  small: { width: 384, depth: 12, heads: 6, mlpRatio: 4 },
  base: { width: 768, depth: 12, heads: 12, mlpRatio: 4 },
  large: { width: 1024, depth: 24, heads: 16, mlpRatio: 4 },
  huge: { width: 1280, depth: 32, heads: 16, mlpRatio: 4 },
  giant: { width: 1408, depth: 40, heads: 16, mlpRatio: 48 / 11 },
} as const;

export const defaultConfig = Object.freeze(Object.fromEntries(configKeys.map((key) => [key, configTable[key].default]))) as TrainConfig;

function fail(key: string, problem: string, hint: string): never {
  throw new AppError('bad-config', `${key}: ${problem}`, hint);
}

function checkNumber(key: string, value: unknown, setting: { min: number; max: number; type: string }): number {
  const limits = `Give a number from ${setting.min} to ${setting.max}.`;
  if (typeof value !== 'number' || !Number.isFinite(value)) fail(key, `${String(value)} is not a number`, limits);
  if (value < setting.min || value > setting.max) fail(key, `${value} is out of range`, limits);
  if (setting.type === 'integer' && !Number.isInteger(value)) fail(key, `${value} is not a whole number`, limits);
  return value;
}

function checkSetting(key: string, value: unknown, setting: Setting): unknown {
  switch (setting.type) {
    case 'number':
    case 'integer':
      return checkNumber(key, value, setting);
    case 'range':
    case 'triple': {
      const count = setting.type === 'range' ? 2 : 3;
      if (!Array.isArray(value) || value.length !== count)
        return fail(key, `${JSON.stringify(value)} is not ${count} numbers`, `Give ${count} numbers separated by a comma.`);
      return value.map((one) => checkNumber(key, one, setting));
    }
    case 'choice':
      if (typeof value !== 'string' || !setting.choices.includes(value))
        return fail(key, `'${String(value)}' is not one of its choices`, `Choose one of: ${setting.choices.join(', ')}.`);
      return value;
    case 'switch':
      if (typeof value !== 'boolean') return fail(key, `${String(value)} is neither true nor false`, 'Give true or false.');
      return value;
  }
}

/** Patches along one side of the square. */
export const gridSide = (config: Pick<TrainConfig, 'imageSize' | 'patchSize'>): number => config.imageSize / config.patchSize;

function checkTogether(config: TrainConfig): TrainConfig {
  if (config.imageSize % config.patchSize !== 0) {
    const possible = [4, 7, 8, 14, 16].filter((p) => config.imageSize % p === 0);
    fail(
      'patchSize',
      `${config.patchSize} does not divide the image size ${config.imageSize}`,
      possible.length > 0 ? `Choose a patch size such as ${possible.join(', ')}.` : 'Choose an image size that 8 or 16 divides.',
    );
  }
  if (gridSide(config) < 3)
    fail(
      'imageSize',
      `a grid of ${gridSide(config)}×${gridSide(config)} patches has no room for targets and a context`,
      'Use a smaller patch or a larger image, so that there are at least 3×3 patches.',
    );
  if (config.width % config.heads !== 0)
    fail(
      'heads',
      `${config.heads} does not divide the width ${config.width}`,
      'Choose heads so that each gets a whole share of the width.',
    );
  if (config.width % 4 !== 0) fail('width', `${config.width} is not a multiple of 4`, 'Sine-cosine positions need a multiple of 4.');
  if (config.predictorWidth % 4 !== 0)
    fail('predictorWidth', `${config.predictorWidth} is not a multiple of 4`, 'Sine-cosine positions need a multiple of 4.');
  const predictorHeads = config.predictorHeads || config.heads;
  if (config.predictorWidth % predictorHeads !== 0)
    fail(
      'predictorHeads',
      `${predictorHeads} does not divide the predictor's width ${config.predictorWidth}`,
      'Choose predictorHeads so that each gets a whole share of the width.',
    );
  if (!Number.isInteger(Math.round(config.width * config.mlpRatio)))
    fail('mlpRatio', 'gives no whole hidden width', 'Choose another ratio.');
  for (const key of [
    'intensityPercentile',
    'intensityWindow',
    'cropScale',
    'cropAspect',
    'targetScale',
    'targetAspect',
    'contextScale',
  ] as const) {
    if (config[key][0] > config[key][1]) fail(key, `${config[key].join(' to ')} runs backwards`, 'Give the lower number first.');
  }
  if (config.microBatch > config.batchSize)
    fail(
      'microBatch',
      `${config.microBatch} is more than the batch of ${config.batchSize}`,
      'Choose a micro-batch that divides the batch, or 0.',
    );
  if (config.microBatch > 0 && config.batchSize % config.microBatch !== 0)
    fail(
      'microBatch',
      `${config.microBatch} does not divide the batch of ${config.batchSize}`,
      'Choose a micro-batch that divides the batch, or 0.',
    );
  if (config.stem === 'convolutions' && !canHalve(config.patchSize))
    fail(
      'stem',
      `convolutions halve a patch until it is one place, and ${config.patchSize} px cannot be`,
      'Choose a patch of 4, 8 or 16 px, or the linear stem.',
    );
  if (config.agreement > 0 && config.agreementBy === 'contrast' && config.batchSize < 2)
    fail('batchSize', '1 image has no others to tell its crops from', 'Choose a batch of 2 or more, or agreement by distance.');
  if (config.contrastImages === 1)
    fail('contrastImages', '1 image has no others to tell its crops from', 'Choose 2 or more, or 0 for the whole batch.');
  if (config.contrastImages > 0 && config.contrastImages < config.batchSize && config.batchSize % config.contrastImages !== 0)
    fail(
      'contrastImages',
      `${config.contrastImages} does not divide the batch of ${config.batchSize}`,
      'Choose a divisor of the batch, or 0 for all of it.',
    );
  if (config.prediction === 0 && config.agreement === 0)
    fail('prediction', '0 leaves nothing to learn from', 'Give it a weight, or agreement.');
  if (config.smallFirst > 0) checkSmallFirst(config);
  const crops = cropsPerImage(config) * (config.microBatch || config.batchSize);
  if (config.prediction > 0 && crops % config.predictionStride !== 0)
    fail(
      'predictionStride',
      `${config.predictionStride} does not divide the ${crops} crops of a ${config.microBatch > 0 ? 'micro-batch' : 'batch'}`,
      'Choose 1, 2, 4 or 8, and batches that are multiples of it.',
    );
  if (config.contextTokens > gridSide(config) ** 2)
    fail('contextTokens', `${config.contextTokens} is more than the grid has`, `The grid has ${gridSide(config) ** 2} patches.`);
  return config;
}

type SmallFirst = Pick<TrainConfig, 'imageSize' | 'patchSize' | 'agreement' | 'positions'>;
const halvesEvenly = (config: SmallFirst): boolean => gridSide(config) % 2 === 0;

/** Whether a run of these settings can see smaller crops first. */
export const canBeginSmall = (config: SmallFirst): boolean =>
  config.agreement > 0 && halvesEvenly(config) && config.positions !== 'learned';

function checkSmallFirst(config: TrainConfig): void {
  const without = 'Set smallFirst to 0';
  if (config.agreement === 0)
    fail(
      'smallFirst',
      'small crops leave out the masked prediction, and there is nothing else to learn from',
      `${without}, or give agreement a weight.`,
    );
  if (!halvesEvenly(config))
    fail(
      'smallFirst',
      `half of ${config.imageSize} px is no whole number of patches of ${config.patchSize} px`,
      `${without}, or choose an image size that ${2 * config.patchSize} divides.`,
    );
  if (config.positions === 'learned')
    fail('smallFirst', 'learned positions belong to one size of image', `${without}, or take sine-cosine positions.`);
}

/** One crop of so many loses patches: all of them, those that are predicted, or none (Infinity). */
export function maskedOneIn({ maskedCrops, prediction, predictionStride }: TrainConfig): number {
  if (maskedCrops === 'all') return 1;
  return prediction > 0 ? predictionStride : Infinity;
}

/** Whether a stem of convolutions with stride 2 can make a token of a patch. */
export const canHalve = (patchSize: number): boolean => patchSize > 1 && Number.isInteger(Math.log2(patchSize));

/** What a crop of half the size shows beside a whole one: a quarter of the pixels. */
export const smallCrop = 1 / 4;

/** Steps of a run of `steps`, from the first on, whose crops are half as large and leave out the masked prediction. */
export const smallSteps = ({ smallFirst }: Pick<TrainConfig, 'smallFirst'>, steps: number): number => Math.floor(smallFirst * steps);

/** Crops that one image of the batch becomes. */
export const cropsPerImage = ({ agreement, crops }: Pick<TrainConfig, 'agreement' | 'crops'>): number => (agreement > 0 ? crops : 1);

/**
 * Completes and checks a configuration. A named architecture overrides width, depth, heads and mlpRatio.
 * Throws `bad-config` with the key and the allowed values for anything unknown or out of range.
 */
export function parseConfig(given: Readonly<Record<string, unknown>>): TrainConfig {
  const config: Record<string, unknown> = { ...defaultConfig };
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(configTable, key)) fail(key, 'there is no such setting', `Did you mean '${closest(key, configKeys)}'?`);
    config[key] = checkSetting(key, value, configTable[key as ConfigKey]);
  }
  const name = config['architecture'] as TrainConfig['architecture'];
  if (name !== 'custom') Object.assign(config, architectures[name]);
  return checkTogether(config as TrainConfig);
}
