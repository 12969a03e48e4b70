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
  prediction: number({
    group: 'objective',
    default: 1,
    min: 0,
    max: 100,
    help: 'Weight of the masked prediction; 0 leaves it out and saves its cost: no target pass, no predictor.',
  }),
  predictionStride: integer({
    group: 'objective',
    default: 1,
    min: 1,
    max: 64,
    unit: 'crops',
    help: 'Masked prediction is done on one in this many crops of a batch; the other losses use all of them.',
  }),
  maskedCrops: choice({
    group: 'objective',
    default: 'all',
    choices: ['all', 'predicted'],
    help: 'Which crops have patches hidden; all: every crop, which makes them cheaper; predicted: only those used for masked prediction, the others are seen whole.',
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
    help: 'Width of a small separate network through which SIGReg and agreement see the pooled context; 0: they see it directly.',
  }),
  agreement: number({
    group: 'objective',
    default: 0,
    min: 0,
    max: 100,
    help: 'Weight of the agreement of the crops of an image (pooled context embeddings); above 0 each image enters as several crops.',
  }),
  agreementBy: choice({
    group: 'objective',
    default: 'distance',
    choices: ['distance', 'contrast'],
    help: 'How crops are made to agree; distance: they are pulled together, with SIGReg against collapse; contrast: each must find its siblings among the crops of other images (InfoNCE).',
  }),
  temperature: number({
    group: 'objective',
    default: 0.2,
    min: 0.05,
    max: 2,
    help: 'Temperature of the contrast: the lower it is, the more the most similar crops count.',
  }),
  contrastImages: integer({
    group: 'objective',
    default: 0,
    min: 0,
    max: 4096,
    unit: 'images',
    help: 'Each crop must find its siblings among the crops of this many images, which must divide the batch size; 0: of the whole batch. With smaller groups, several cores need not wait for each other.',
  }),
  crops: integer({
    group: 'objective',
    default: 2,
    min: 2,
    max: 16,
    help: 'Crops of each image that must agree; without agreement each image is one crop.',
  }),
} as const satisfies Record<string, Setting>;
