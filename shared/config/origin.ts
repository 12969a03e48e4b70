// What a run that begins with the weights of another takes from it: the sizes, how its images were normalised, and its networks.
import { configKeys, configTable } from './config-table.ts';
import type { ConfigKey, TrainConfig } from './config-table.ts';
import { imagenetMean, imagenetStd, preprocessingOf } from './preprocessing.ts';

/** What was in the weights that were imported from elsewhere. */
export interface ImportedWeights {
  /** The encoders of the file: where it had one, the other was made a copy of it. */
  readonly encoders: 'both' | 'target' | 'context';
  /** Whether its predictor was taken over. */
  readonly predictor: boolean;
  /** What a person should know of them, in sentences: which encoder embeds, with which normalisation. */
  readonly notes: readonly string[];
}

/** Whose weights a run begins with. */
export interface Origin {
  readonly run: string;
  readonly step: number;
  /** Whether that run was itself imported; undefined in records of earlier versions. */
  readonly imported?: boolean | undefined;
  /** Of imported weights; undefined where their record is of an earlier version. */
  readonly weights?: ImportedWeights | undefined;
}

export const originKeys: readonly ConfigKey[] = [
  ...configKeys.filter((key) => configTable[key].group === 'model'),
  'normalisation',
  'mean',
  'std',
  'smallFirst',
];

/** The settings that come with the weights. Mean and deviation of another folder are taken as numbers: this folder's own would differ. */
export function originSettings(config: TrainConfig): Partial<TrainConfig> {
  // What small crops teach is in the weights already.
  const taken = { ...(Object.fromEntries(originKeys.map((key) => [key, config[key]])) as Partial<TrainConfig>), smallFirst: 0 };
  return config.normalisation === 'folder' ? { ...taken, normalisation: 'custom' } : taken;
}

/** How inputs are normalised, in words: "ImageNet’s statistics". */
export function normalisationText(config: TrainConfig): string {
  // Before a run has begun, the folder's own statistics are not known.
  if (config.normalisation === 'folder') return 'the statistics of its own folder';
  const { mean, std } = preprocessingOf(config);
  if (String([mean, std]) === String([imagenetMean, imagenetStd])) return 'ImageNet’s statistics';
  const digits = (values: readonly number[]): string => values.map((value) => Number(value.toFixed(4))).join(', ');
  return `mean ${digits(mean)} and deviation ${digits(std)}`;
}

const encoderSentences: Readonly<Record<ImportedWeights['encoders'], string>> = {
  both: 'The file held both encoders, context and target: each goes on as itself.',
  target: 'The file held the target encoder alone: the context encoder begins as a copy of it.',
  context:
    'The file held the context encoder alone, not the target encoder, which the paper evaluates: the target encoder begins as a copy of it.',
};

function networkSentences({ imported, weights }: Origin): string[] {
  if (weights)
    return [
      encoderSentences[weights.encoders],
      weights.predictor ? 'Its predictor goes on, too.' : 'The predictor begins anew: it held none.',
    ];
  return [
    imported === false
      ? 'Its context encoder, target encoder and predictor each go on as themselves.'
      : 'Each encoder goes on as itself; where the weights came with one alone, the other begins as a copy of it.',
  ];
}

function normalisationSentence(here: TrainConfig, there: TrainConfig | undefined): string {
  const own = `Images are normalised by ${normalisationText(here)}`;
  if (!there) return `${own}.`;
  const theirs = normalisationText({ ...there, ...originSettings(there) });
  return theirs === normalisationText(here) ? `${own}, as for those weights.` : `${own}, not as the weights were trained: by ${theirs}.`;
}

/** Positions of another grid than that of the weights, in words. */
function gridSentences(here: TrainConfig, there: TrainConfig | undefined): string[] {
  if (!there || there.imageSize === here.imageSize) return [];
  const made = here.positions === 'learned' ? 'interpolated' : 'computed anew';
  return [`Images have ${here.imageSize} px here and ${there.imageSize} px there: positions are ${made} for the other grid.`];
}

/**
 * What a run takes from the weights that it begins with, in sentences. `there` are the settings that the weights were trained with, if they
 * are known: another normalisation or size of images than theirs is said.
 */
export function originSentences(origin: Origin, here: TrainConfig, there?: TrainConfig): string[] {
  const { run, step, imported } = origin;
  return [
    `Begins with the weights of ${run}${imported === true ? '' : `, step ${step.toLocaleString('en')}`}, with the sizes of its network.`,
    normalisationSentence(here, there),
    ...gridSentences(here, there),
    ...networkSentences(origin),
    'Moments and schedules begin anew. From here on the target encoder embeds.',
  ];
}
