// Settings of what is minimised.
import { choice, integer, number } from './setting.ts';
import type { Setting } from './setting.ts';

export const objectiveSettings = {
  loss: choice({
    group: 'objective',
    default: 'smooth-l1',
    choices: ['smooth-l1', 'l2'],
    help: "The authors' code minimises smooth L1, the paper states squared error.",
  }),
  sigreg: number({
    group: 'objective',
    default: 0,
    min: 0,
    max: 100,
    help: 'Weight of SIGReg on the pooled context embeddings (a loss over the whole batch against collapse).',
  }),
  sigregProjections: integer({
    group: 'objective',
    default: 256,
    min: 8,
    max: 4096,
    help: 'Random directions of SIGReg.',
  }),
  projectorWidth: integer({
    group: 'objective',
    default: 0,
    min: 0,
    max: 4096,
    unit: 'numbers',
    help: 'Width of a small network of its own through which SIGReg and agreement see the pooled context; 0: they see it directly.',
  }),
  agreement: number({
    group: 'objective',
    default: 0,
    min: 0,
    max: 100,
    help: 'Weight of the agreement of two crops of an image (pooled context embeddings); above 0 each image enters as two crops.',
  }),
} as const satisfies Record<string, Setting>;
