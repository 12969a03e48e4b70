// Words for the run that is made: its plan, what it takes, and its settings.
import { common } from './common.ts';
import { formatBytes, formatCount, formatDuration, formatRoughly, plural } from './format.ts';

export const plan = {
  title: 'New run',
  fromNone: 'Start from scratch',
  fromHelp: 'Weights fit only the network that they were trained in, so its model settings come with them.',
  name: 'Name',
  namePlaceholder: 'Named after the folder',
  note: 'Note',
  notePlaceholder: 'What you want to find out',
  folder: 'Learns from',
  why: 'Why these settings',
  suggested: 'Suggested settings',
  changed: (count: number) => (count === 0 ? 'All settings are as suggested.' : `${plural(count, 'setting')} changed.`),
  invalid: 'A field has an invalid value.',
  otherFolder: (run: string, learned: string, folder: string) => `${run} has learned from ${learned}; this run will learn from ${folder}.`,
  otherFolderHint: 'Choose another folder at the top if that is not what you want.',
  resetAll: 'Reset all',
  every: 'Every setting',
  search: 'Find a setting',
  found: (count: number) => `${plural(count, 'setting')} found`,
  noneFound: 'No setting has these words.',
  usable: 'Keep this computer usable',
  usableHint: 'One thread fewer and low priority: the run takes a little longer.',
  battery: 'Pause on battery',
  batteryHint: 'The run pauses when the computer is unplugged, and goes on when it is plugged in.',
  estimates: 'What it takes',
  steps: 'Steps',
  stepsOf: (steps: number, epochs: number) => `${formatCount(steps)} (${epochs < 10 ? epochs.toFixed(1) : formatCount(epochs)} passes)`,
  images: 'Images',
  /** `heldOut`: different contents of the validation and test parts. */
  imagesOf: (images: number, heldOut: number, copies: number) => {
    const others = [
      heldOut > 0 ? `${formatCount(heldOut)} kept for evaluation` : '',
      copies > 0 ? `${common.copies(copies)} left out` : '',
    ];
    const said = others.filter(Boolean).join(', ');
    return `${formatCount(images)}${said === '' ? '' : ` (${said})`}`;
  },
  crops: 'Crops',
  /** Of half of `side` in the first `small` steps. */
  cropsOf: (side: number, small: number) => `${side / 2} px with nothing hidden in the first ${plural(small, 'step')}, then ${side} px`,
  network: 'Encoder',
  parameters: (count: string) => `${count} parameters`,
  tokens: 'Patches seen',
  /** `small`: steps at the start that hide nothing. */
  tokensOf: (context: number, all: number, oneIn: number, small: number) => {
    const some = `${context} of ${all}`;
    const seen = oneIn === 1 ? some : oneIn === Infinity ? `all ${all}` : `${some} in 1 crop of ${oneIn}, else all`;
    return small > 0 && oneIn !== Infinity ? `${seen}, after the first ${plural(small, 'step')}` : seen;
  },
  disk: 'Disk that it takes',
  diskOf: (bytes: number, free: number) => `${formatBytes(bytes)} (${formatBytes(free)} free)`,
  time: 'Time',
  timeOf: (total: number, step: number) =>
    `${formatDuration(total)} (${step < 1 ? `${Math.round(step * 1000)} ms` : `${step.toFixed(1)} s`} a step)`,
  memory: 'Memory',
  memoryOf: (peak: number, free: number) => `${formatBytes(peak)} (${formatBytes(free)} free)`,
  device: 'Trains on',
  microBatch: 'Micro-batch',
  cardMemory: 'Memory of the card',
  cardMemoryOf: (bytes: number, free: number | undefined) =>
    `about ${formatBytes(bytes)}${free === undefined ? '' : ` (${formatBytes(free)} free)`}`,
  memoryParts: 'What the memory is for',
  part: 'Part',
  onProcessor: 'Processor',
  onCard: 'Card',
  bytes: (bytes: number) => (bytes > 0 ? formatBytes(bytes) : '–'),
  expected: (total: number, timed: boolean, atMost: boolean) =>
    atMost
      ? `${formatRoughly(total)} on the processor; a card may be faster`
      : timed
        ? `${formatRoughly(total)}, as measured before`
        : `${formatRoughly(total)}, estimated from other runs here`,
  unknown: 'not measured',
  measure: 'Measure',
  measuring: 'Measuring…',
  measureHelp: 'Makes a few steps with these settings to see how long and how much memory they take. Nothing is kept.',
  noMemory: 'These settings were measured to take more memory than is free.',
  noMemoryHint: 'Close other programs, or choose a smaller image size or encoder.',
  start: 'Start training',
  starting: 'Starting…',
  started: (run: string) => `${run} has begun.`,
  reading: (folder: string, images: number) =>
    `${folder} is still being read: ${images === 0 ? 'no images' : plural(images, 'image')} so far.`,
  readingHint: 'The run can be started when all images are known: how long it is follows from them.',
  cannot: 'A run cannot be planned now',
  cancel: 'Cancel',
} as const;

export const setting = {
  changed: 'Changed',
  reset: (name: string) => `Reset ${name} to the suggestion`,
  resetShort: 'Reset',
  range: (min: string, max: string, usual: string) => `${min} to ${max}; suggested ${usual}`,
  suggested: (usual: string) => `Suggested: ${usual}`,
  unused: 'Has no effect with the other settings.',
  from: (name: string) => `${name}, first`,
  part: (name: string, place: number) => `${name}, value ${place + 1}`,
  on: 'on',
  off: 'off',
} as const;
