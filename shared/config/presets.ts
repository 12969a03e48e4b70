// The presets as a person chooses among them. What they set is in src-main/engine/runs/presets.ts.
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
  /** Whether that was before crops were told apart in groups. */
  readonly amongAll?: true;
}

const cifar = '20-NN with 10,000 images; raw pixels 50 %, untrained 35 %';

/** Of what was reached before: the presets tell apart fewer since, which cores share better (bench/quality). */
const toldApart = 'That was with crops contrasted among 64 images; 32, as now, did as well on small pictures.';

export const presetTexts: Readonly<Record<PresetName, PresetText>> = {
  quick: {
    amongAll: true,
    what: 'A first look, at 32 px even for photographs.',
    length: '560,000 crops, most of them small, which take minutes.',
    reached: {
      small: `It reached 61 % on CIFAR-10 (${cifar}) in five minutes of one core.`,
      photographs: '512,000 crops reached 74 % on 1,049 large pictures of stamps (raw pixels 56 %, untrained 53 %; ±3.9 points).',
    },
  },
  default: {
    amongAll: true,
    what: 'Learns which crops belong together, on small crops first; in its last part it also predicts hidden patches (I-JEPA).',
    length:
      '4 million crops, most of them small: half an hour to an hour and a quarter on one core for small images, two or three times that for photographs.',
    reached: {
      small: `It reached 68.6 % on CIFAR-10 (${cifar}) in 27 minutes of one core.`,
      photographs: `402,000 crops, none of them small, reached 74 % on 1,049 large pictures of stamps (raw pixels 59 %, untrained 55 %; 108 validation queries, ±8.4 points).`,
    },
  },
  long: {
    what: 'As default, four times as long.',
    length: '16 million crops, most of them small: two to three hours on two slow cores for small images.',
    reached: {
      small: `It reached 70.3 % on CIFAR-10 (${cifar}), where default reached 68.6 %.`,
    },
  },
  'paper-exact': {
    what: 'Objective, masks (with their faults) and schedules of I-JEPA as published, for a small network unless you set another; on small folders it learns little.',
    length:
      '2 million crops; by operation count, seven times as long as default for small images and twenty times as long for photographs.',
    reached: {
      small: '272,000 crops reached 37 % on CIFAR-10 (raw pixels 50 %, untrained 32 %; one seed, 2,000 validation queries, ±2 points).',
    },
  },
  'agreement-only': {
    what: 'Agreement of crops without the masked prediction: no longer I-JEPA.',
    length: '4 million crops, about as long as default.',
    reached: {
      small:
        '1,453,000 crops, most of them small, reached 63 % on CIFAR-10, as they did with the masked prediction (two seeds each, 2,000 validation queries, ±2 points).',
    },
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
  const { what, length, reached, amongAll } = presetTexts[name];
  if (changed) return `${what} What it takes and reaches with these settings was not measured.`;
  if (bound) {
    const images =
      bound.by === 'few'
        ? `With so few images, each is seen ${count(bound.epochs)} times and no more`
        : `With so many images, each is still seen ${count(bound.epochs)} times`;
    return `${what} ${images}: ${count(bound.crops)} crops in all. What it reaches then was not measured.`;
  }
  const figure = reached[pictures] ?? 'What it reaches on such pictures was not measured.';
  return [what, length, figure, ...(amongAll && reached[pictures] !== undefined ? [toldApart] : [])].join(' ');
}
