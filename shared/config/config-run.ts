// Settings of a run that do not change what it learns, but for the seed.
import { deviceIds, precisions } from '../devices.ts';
import { choice, integer, number } from './setting.ts';
import type { Setting } from './setting.ts';

export const runSettings = {
  seed: integer({
    group: 'run',
    default: 0,
    min: 0,
    max: 9007199254740991,
    help: 'Everything random in the run follows from it.',
  }),
  device: choice({
    group: 'run',
    default: 'auto',
    choices: ['auto', ...deviceIds],
    help: 'What the run trains on; auto: the fastest for it of those that have proven to compute correctly.',
  }),
  precision: choice({
    group: 'run',
    default: 'float32',
    choices: precisions,
    help: 'Precision of matrix products, if the device has passed its test in it: float16 (webgpu, cuda, dml) or bfloat16 (tensorflow) is faster on most cards; weights and sums stay float32.',
  }),
  threads: integer({ group: 'run', default: 0, min: 0, max: 512, help: 'Threads of the CPU; 0: one per core.' }),
  checkpointMinutes: number({
    group: 'run',
    default: 5,
    min: 0,
    max: 10_000,
    unit: 'min',
    help: 'Longest time between checkpoints; 0: only by steps.',
  }),
  checkpointSteps: integer({
    group: 'run',
    default: 0,
    min: 0,
    max: 100_000_000,
    help: 'Steps between checkpoints; 0: only by minutes.',
  }),
  keepCheckpoints: integer({
    group: 'run',
    default: 2,
    min: 1,
    max: 1000,
    help: 'How many of the latest checkpoints are kept, besides the best: the latest within one standard error of the highest score.',
  }),
  evaluateSteps: integer({
    group: 'run',
    default: 0,
    min: 0,
    max: 100_000_000,
    help: 'Steps between evaluations; 0: ten to sixteen in a run, spread evenly over its time.',
  }),
  evaluateImages: integer({
    group: 'run',
    default: 2000,
    min: 0,
    max: 1_000_000,
    unit: 'images',
    help: 'Images of the fixed sample that evaluations use; 0: none.',
  }),
} as const satisfies Record<string, Setting>;
