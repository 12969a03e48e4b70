// The presets as a person chooses among them. What they set is in src-main/engine/presets.ts.
import type { TrainConfig } from './config-table.ts';

export type PresetName = Exclude<TrainConfig['preset'], 'auto'>;

export interface PresetText {
  /** What it is for. */
  readonly what: string;
  /** What it was measured to reach, where, and in which time; absent where it was not measured. */
  readonly reached?: string;
}

export const presetTexts: Readonly<Record<PresetName, PresetText>> = {
  quick: {
    what: 'A first look within minutes: 200,000 crops, also of photographs on 32 px.',
    reached: 'It reached 54 % on CIFAR-10 (20-NN with 10,000 images; raw pixels 50 %, untrained 35 %) in eight minutes of two slow cores.',
  },
  default: {
    what: 'Masked prediction and agreement of crops: 2 million crops, an hour or so of two cores for small images, two or three for photographs.',
    reached:
      'It reached 67.5 % on CIFAR-10 (20-NN with 10,000 images; raw pixels 50 %, untrained 35 %) in an hour and a half of one slow core; a fifth of it 74 % on 1,049 large pictures of stamps (raw pixels 59 %, untrained 55 %) in seventy minutes.',
  },
  long: {
    what: 'As default, four times as long: 8 million crops.',
    reached:
      'With 5.8 million it reached 70.3 % on CIFAR-10 (20-NN with 10,000 images; raw pixels 50 %, untrained 35 %) in two hours of a slow machine with two cores.',
  },
  'paper-exact': { what: 'I-JEPA as published, with the faults of the published masks; on small folders it learns little.' },
  'agreement-only': {
    what: 'Agreement of crops without the masked prediction: more crops for the same time, but no I-JEPA any more.',
    reached: 'A third of it reached 62 % on CIFAR-10, as a third of default did.',
  },
};

/** One sentence for a person: what it is for and what it reached. */
export const presetSentence = (name: PresetName): string => {
  const { what, reached } = presetTexts[name];
  return `${what} ${reached ?? 'What it reaches was not measured yet.'}`;
};
