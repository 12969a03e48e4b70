// The presets as a person chooses among them. What they set is in src-main/engine/presets.ts.
import type { TrainConfig } from './config-table.ts';
import type { UsualPictures } from './usual-runs.ts';

export type PresetName = Exclude<TrainConfig['preset'], 'auto'>;

export interface PresetText {
  /** What it is for. */
  readonly what: string;
  /** How many crops it sees, and how long that takes. */
  readonly length: string;
  /** What it was measured to reach on such pictures, where, and in which time; absent where it was not measured. */
  readonly reached: Readonly<Partial<Record<UsualPictures, string>>>;
}

const cifar = '20-NN with 10,000 images; raw pixels 50 %, untrained 35 %';
const stamps = 'raw pixels 59 %, untrained 55 %';

export const presetTexts: Readonly<Record<PresetName, PresetText>> = {
  quick: {
    what: 'A first look, at photographs on 32 px too.',
    length: '200,000 crops, which take minutes.',
    reached: {
      small: `It reached 54 % on CIFAR-10 (${cifar}) in eight minutes of two slow cores.`,
      photographs: 'Three times as long it reached 73 % on 1,049 large pictures of stamps (raw pixels 57 %, untrained 50 %).',
    },
  },
  default: {
    what: 'Masked prediction and agreement of crops.',
    length: '2 million crops, an hour or so of two cores for small images, two or three for photographs.',
    reached: {
      small: `It reached 67.5 % on CIFAR-10 (${cifar}) in an hour and a half of one slow core.`,
      photographs: `A fifth of it reached 74 % on 1,049 large pictures of stamps (${stamps}) in seventy minutes of one slow core.`,
    },
  },
  long: {
    what: 'As default, four times as long.',
    length: '8 million crops, by that some four hours of two cores for small images, ten for photographs.',
    reached: {
      small: `With 5.8 million it reached 70.3 % on CIFAR-10 (${cifar}) in two hours of a slow machine with two cores.`,
    },
  },
  'paper-exact': {
    what: 'I-JEPA as published, with the faults of the published masks; on small folders it learns little.',
    length: '2 million crops, by its operations five times as long as default for small images and fifteen times as long for photographs.',
    reached: {},
  },
  'agreement-only': {
    what: 'Agreement of crops without the masked prediction, so no I-JEPA any more.',
    length: '2 million crops, about as long as default.',
    reached: { small: 'A third of it reached 62 % on CIFAR-10 in 26 minutes of one slow core, as a third of default did.' },
  },
};

/** What of a preset is true of a run. */
export interface PresetUse {
  readonly pictures: UsualPictures;
  /** Whether a person has set something that what was measured does not hold for. */
  readonly changed: boolean;
  /** Where the size of the folder, not the preset's number of crops, decides the length: how often its images are seen, and crops in all. */
  readonly bound?: { readonly by: 'few' | 'many'; readonly epochs: number; readonly crops: number };
}

const count = (value: number): string => value.toLocaleString('en');

/** For a person: what it is for, and as far as that holds for a run, how long it takes and what it reached. */
export function presetSentence(name: PresetName, { pictures, changed, bound }: PresetUse): string {
  const { what, length, reached } = presetTexts[name];
  if (changed) return `${what} What it takes and reaches with these settings was not measured.`;
  if (bound) {
    const images =
      bound.by === 'few'
        ? `So few images are seen ${count(bound.epochs)} times and no more`
        : `So many images are seen ${count(bound.epochs)} times all the same`;
    return `${what} ${images}: ${count(bound.crops)} crops in all. What it reaches then was not measured.`;
  }
  return `${what} ${length} ${reached[pictures] ?? 'What it reaches on such pictures was not measured.'}`;
}
