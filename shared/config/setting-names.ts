// Names of settings and of their choices as the form shows them, for every face that is not a terminal.
import { deviceNames } from '../devices.ts';
import type { ConfigKey } from './config-table.ts';
import { sayingSettings } from './settings-in-text.ts';

/** Where the words of the key itself would not do. */
const named: Partial<Record<ConfigKey, string>> = {
  architecture: 'Encoder',
  mlpRatio: 'Feed-forward ratio',
  stem: 'Patch embedding',
  stemStart: 'First convolution starts',
  patchDeviation: 'Deviation of first patch weights',
  prediction: 'Prediction weight',
  predictionStride: 'Prediction on one in',
  maskedCrops: 'Crops that lose patches',
  crops: 'Crops of an image',
  fit: 'Square when embedded',
  smallFirst: 'Share of steps with smaller crops',
  flip: 'Mirror crops',
  masking: 'Mask sampler',
  targetCount: 'Target blocks',
  minKeep: 'Fewest patches in a mask',
  contextTokens: 'Context patches kept',
  sigreg: 'SIGReg weight',
  projectorWidth: 'Width of the projector',
  sigregProjections: 'SIGReg directions',
  agreement: 'Agreement of crops',
  agreementBy: 'Agreement by',
  temperature: 'Temperature of the contrast',
  contrastImages: 'Images in a contrast',
  microBatch: 'Micro-batch',
  warmup: 'Warm-up',
  beta1: 'Beta 1',
  beta2: 'Beta 2',
  checkpointMinutes: 'Time between checkpoints',
  checkpointSteps: 'Steps between checkpoints',
  keepCheckpoints: 'Checkpoints kept',
  evaluateSteps: 'Steps between evaluations',
  evaluateImages: 'Images to evaluate on',
  std: 'Deviation',
};

export function settingName(key: ConfigKey): string {
  const words = key.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return named[key] ?? words[0]!.toUpperCase() + words.slice(1);
}

/** Values of choices that read badly as they are. */
const choiceNames: Readonly<Record<string, string>> = {
  'sine-cosine': 'Fixed sine and cosine',
  'paper-exact': 'Published method',
  unbiased: 'Without edge bias',
  'smooth-l1': 'Smooth L1',
  l2: 'Squared error',
  rgb: 'Red, green, blue',
  imagenet: 'ImageNet',
  folder: 'This folder',
  half: '0.5',
  adamw: 'AdamW',
  auto: 'Chosen for the folder',
  'agreement-only': 'Agreement only',
  float32: 'float32',
  bfloat16: 'bfloat16',
  float16: 'float16',
  ...deviceNames,
};

/** A value of a choice in words; what `auto` means depends on the setting. */
export function choiceName(choice: string, key: ConfigKey): string {
  if (key === 'device' && choice === 'auto') return 'The fastest for the run';
  return choiceNames[choice] ?? choice[0]!.toUpperCase() + choice.slice(1);
}

/** A text of the engine with its settings as the form shows them: `microBatch` as “Micro-batch”, `device=cpu` as “Device: Processor”. */
export const inNames = (text: string): string =>
  sayingSettings(text, {
    first: settingName,
    named: (key) => `“${settingName(key)}”`,
    chosen: (key, choice) => `“${settingName(key)}: ${choiceName(choice, key)}”`,
  });
