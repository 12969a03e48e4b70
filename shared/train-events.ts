// What a run says while it goes: the terminal, the window, the tests and `metrics.jsonl` consume the same stream.
import type { Precision } from './devices.ts';

export interface RunSizes {
  readonly encoderParameters: number;
  readonly predictorParameters: number;
  /** Patches of an image, of a context, and of a target block (the most, where it varies). */
  readonly tokens: number;
  readonly contextTokens: number;
  readonly targetTokens: number;
  readonly microBatch: number;
}

export interface StepMetrics {
  /** Updates done, so 1 after the first. */
  readonly step: number;
  readonly epoch: number;
  /** The loss that is minimised; NaN never appears, a refused step says so. */
  readonly loss: number;
  /** Of the masked prediction; absent where a run has none. */
  readonly smoothL1?: number;
  readonly squaredError?: number;
  /** The loss over the whole batch, when one is in use. */
  readonly coupled?: number;
  readonly gradientNorm: number;
  /** What the losses were multiplied by for their gradients; in float16 alone. */
  readonly lossScale?: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly momentum: number;
  /** Images of this step over its wall time. */
  readonly imagesPerSecond: number;
  /** Milliseconds that the step waited for data. */
  readonly waitedMs: number;
  /** Images replaced because they could not be read, since the start. */
  readonly skippedImages: number;
  /** Steps refused because a gradient was not finite, since the start. */
  readonly refusedSteps: number;
  /** Resident memory of the trainer after the step; absent in logs of earlier versions. */
  readonly memoryBytes?: number;
}

/** Scores in one space; 20-NN and crop retrieval are shares of 1. */
export interface SpaceScores {
  readonly knn?: number;
  readonly retrieval?: number;
  /** What each query was answered, see `packAnswers`; absent in logs of earlier versions, of crop retrieval in later ones too. */
  readonly answers?: string;
}

export interface OnlineEvaluation {
  readonly step: number;
  readonly raw: SpaceScores;
  readonly centred: SpaceScores;
  readonly whitened: SpaceScores;
  readonly rankMe: number;
  readonly meanCosine: number;
  /** Share of the target variance that the mean per position explains; 1 is positional collapse. */
  readonly positionalShare: number;
  /** Images that asked for their neighbours, or for their other crop. This and what follows is absent in logs of earlier versions. */
  readonly queries?: number;
  /** Which contents were to ask, in which order, as one word: also those of them that could not be read. */
  readonly asked?: string;
  /** In which contents they looked, and which of all these have the same label, as one word; absent where no labels judge. */
  readonly lookedUpIn?: string;
  /** Where the labels come from that judged; the names of folders when absent. */
  readonly labelsFrom?: 'file';
  /** α of the centred vectors' eigen-spectrum (λⱼ ∝ j^−α); absent too where too few eigenvalues are above rounding. */
  readonly alpha?: number;
  /** LiDAR over several contexts of an image. */
  readonly lidar?: number;
  /** Mean cosine of predictions with their own targets, minus that with other images' targets at the same place; absent too in a run that predicts nothing. */
  readonly predictionMargin?: number;
  /** Images of the sample that could not be read and judged nothing; absent when there was none. */
  readonly unreadable?: number;
}

/** Images by the hash of their content, nearest first; cosine in the whitened space. */
export interface NeighboursOfImage {
  readonly hash: string;
  readonly neighbours: readonly { readonly hash: string; readonly score: number }[];
}

export type TrainEvent =
  | {
      readonly type: 'started';
      readonly run: string;
      readonly step: number;
      readonly steps: number;
      readonly images: number;
      readonly sizes: RunSizes;
      /** Why that micro-batch, as a sentence; absent in runs of earlier versions. */
      readonly microBatchReason?: string;
      readonly device: string;
      /** Why, as a sentence; absent in runs of earlier versions. */
      readonly deviceReason?: string;
      /** Of matrix products; absent in runs of earlier versions. */
      readonly precision?: Precision;
      readonly threads: number;
      /** Whether there are enough images to judge it with; absent in runs of earlier versions. */
      readonly judged?: boolean;
    }
  | ({ readonly type: 'step' } & StepMetrics)
  | {
      readonly type: 'baselines';
      readonly untrained: OnlineEvaluation;
      readonly pixels: Pick<OnlineEvaluation, 'raw' | 'centred' | 'whitened'>;
      /** The weights of another run that it began with, before its first step; absent in a run from scratch, and in logs of earlier versions. */
      readonly origin?: OnlineEvaluation;
    }
  | ({
      readonly type: 'evaluation';
      readonly best: boolean;
      /** What was looked for and is not so, by the names that notes have: what they said before is over. Absent in logs of earlier versions. */
      readonly healthy?: readonly string[];
    } & OnlineEvaluation)
  /** What the pinned images are like, by the encoder of an evaluation. */
  | { readonly type: 'neighbours'; readonly step: number; readonly rows: readonly NeighboursOfImage[] }
  | { readonly type: 'checkpoint'; readonly step: number; readonly file: string; readonly best: boolean }
  | {
      readonly type: 'note';
      readonly step: number;
      readonly message: string;
      readonly hint: string;
      /** Name of what was noticed: `healthy` has it once it is no longer so. */
      readonly rule?: string;
      /** Whether it tells of the run's course, where nothing is amiss. */
      readonly isCourse?: true;
      /** Of the time since the event before, the computer slept so long. */
      readonly asleepSeconds?: number;
      /** It goes on with micro-batches of so many images. */
      readonly microBatch?: number;
      /** Counts of the run, as a step has them, after one that was refused. */
      readonly skippedImages?: number;
      readonly refusedSteps?: number;
      /** It does so from its last checkpoint, in a new process: the card was full, and what it kept is lost. */
      readonly fromCheckpoint?: true;
    }
  | { readonly type: 'paused' | 'resumed'; readonly step: number }
  | { readonly type: 'finished'; readonly step: number; readonly reason: 'done' | 'stopped' };
