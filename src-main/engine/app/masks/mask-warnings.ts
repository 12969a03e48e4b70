// Mask settings that are known to fail (Assran et al. 2023, tables 6–9 and appendix A), in words, each with what to try.
import type { TrainConfig } from '../../../../shared/config/config-table.ts';
import type { MaskSample } from '../../../../shared/contract/contract-masks.ts';
import type { MaskConfig } from '../../../jepa/masks-paper.ts';

/** What many draws of the settings showed; counts in patches. */
export interface MaskFacts {
  readonly contextTokens: number;
  readonly targetTokens: number;
  /** Share of the grid that the targets cover together. */
  readonly targetCoverage: number;
  /** Share of the context's patches that a target covers too. */
  readonly overlap: number;
}

export type Warning = MaskSample['warnings'][number];

const percent = (share: number): string => `${Math.round(100 * share)} %`;
const middle = ([low, high]: readonly [number, number]): number => (low + high) / 2;

/** Linear probe of the paper's ViT-B/16 on 1 % of ImageNet with so many target blocks. */
const scoreOfTargets = ['', '9.0', '22.0', '48.5', '54.2'];

/** Fewest patches along a side at which a context and four targets are different things. */
const leastGrid = 6;

/** Where the context has patches that are to be predicted. */
export const overlapWarnings = ({ overlap }: Pick<MaskFacts, 'overlap'>): Warning[] =>
  overlap > 0.02
    ? [
        {
          message: `${percent(overlap)} of the context's patches lie in a target: the answer is given away.`,
          hint: 'Use fewer context patches, or smaller or fewer targets.',
        },
      ]
    : [];

export function maskWarnings(config: MaskConfig & Partial<Pick<TrainConfig, 'stem'>>, facts: MaskFacts): Warning[] {
  const grid = config.imageSize / config.patchSize;
  const warnings: Warning[] = [];
  const warn = (message: string, hint: string): void => void warnings.push({ message, hint });

  // Convolutions over all of the image make more of a patch, and the agreement of crops teaches most where they are suggested.
  const coarse = config.stem === 'convolutions';
  if (grid < leastGrid && !coarse)
    warn(
      `The image is cut into ${grid}×${grid} patches only: targets and context hardly differ from image to image.`,
      `Use a smaller patch or a larger image, so that there are at least 8×8 patches.`,
    );
  if (config.targetCount < 4)
    warn(
      `${config.targetCount === 1 ? 'One target block gives' : `${config.targetCount} target blocks give`} too few examples per image: in the published comparison ${scoreOfTargets[config.targetCount]} % instead of 54.2 % with four.`,
      'Use 4 target blocks.',
    );
  if (middle(config.targetScale) < 0.15)
    warn(
      'The target blocks are small: what is missing can be told from its surroundings, without understanding the image (published: 42.4 % instead of 54.2 %).',
      'Use a target scale of 0.15 to 0.2.',
    );
  if (config.targetScale[1] > 0.4)
    warn(
      `A single target may cover ${percent(config.targetScale[1])} of the image: little is left to predict it from.`,
      'Use a target scale of 0.15 to 0.2.',
    );
  if (facts.targetTokens < 4 && !coarse)
    warn(
      `A target block has ${facts.targetTokens.toFixed(1)} patches on average: too few to mean anything.`,
      'Use a larger target scale or a smaller patch.',
    );
  if (config.targetAspect[0] < 0.4 || config.targetAspect[1] > 2.5)
    warn('Some target blocks are narrow strips, which their neighbours on both sides give away.', 'Use a target aspect of 0.75 to 1.5.');
  if (middle(config.contextScale) < 0.7)
    warn(
      'The context block is small: it says too little about the targets (published: 31.2 % with 0.4 instead of 54.2 % with 0.85).',
      'Use a context scale of 0.85 to 1.',
    );
  if (facts.targetCoverage > 0.75)
    warn(
      `The targets hide ${percent(facts.targetCoverage)} of the image together: the encoder sees the rest only.`,
      'Use fewer or smaller targets.',
    );
  if (facts.contextTokens < Math.max(4, 0.1 * grid * grid))
    warn(
      `The context encoder sees ${facts.contextTokens} of ${grid * grid} patches: too few to predict the others from.`,
      'Use smaller or fewer targets, or more context patches: a quarter of the patches is a good start.',
    );
  warnings.push(...overlapWarnings(facts));
  if (config.masking === 'paper-exact')
    warn(
      'The published sampler never hides the last row and column, and cuts every context to the shortest of its batch, which drops the bottom rows.',
      'Choose the mask sampler without edge bias, unless the published numbers are to be repeated.',
    );
  return warnings;
}
