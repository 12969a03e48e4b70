// Settings of what is hidden and what must be predicted.
import { choice, integer, range } from './setting.ts';
import type { Setting } from './setting.ts';

export const maskSettings = {
  masking: choice({
    group: 'masks',
    default: 'unbiased',
    choices: ['unbiased', 'paper-exact'],
    help: 'Sampler of the masks: without the edge and cut bias of the published code, or exactly as published.',
  }),
  targetCount: integer({ group: 'masks', default: 4, min: 1, max: 16, help: 'Target blocks per image.' }),
  targetScale: range({
    group: 'masks',
    default: [0.15, 0.2],
    min: 0.005,
    max: 0.9,
    help: 'Share of the grid that a target block covers.',
  }),
  targetAspect: range({
    group: 'masks',
    default: [0.75, 1.5],
    min: 0.1,
    max: 10,
    help: 'Aspect ratio (height over width) of a target block.',
  }),
  contextScale: range({
    group: 'masks',
    default: [0.85, 1],
    min: 0.05,
    max: 1,
    help: 'Share of the grid that the context block covers before the targets are taken out.',
  }),
  minKeep: integer({
    group: 'masks',
    default: 10,
    min: 1,
    max: 1024,
    unit: 'patches',
    help: 'Fewest patches left in a mask; scaled to the grid unless masking=paper-exact.',
  }),
  contextTokens: integer({
    group: 'masks',
    default: 0,
    min: 0,
    max: 4096,
    unit: 'patches',
    help: 'Context patches kept per image, by an unbiased random choice; 0: as many as nearly all masks leave.',
  }),
} as const satisfies Record<string, Setting>;
