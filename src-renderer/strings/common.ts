// Words that components and several views have in common.
import type { JobKind } from '../../shared/contract-jobs.ts';

const kinds: Readonly<Record<JobKind, string>> = {
  scan: 'Reading',
  samples: 'Making sample images',
  relink: 'Following the moved folder',
  trial: 'Trying a few steps',
  train: 'Training',
  embed: 'Computing vectors',
  evaluate: 'Evaluating',
  export: 'Exporting',
  'self-test': 'Testing the device',
};
/** When it went well. */
const ended: Readonly<Record<JobKind, string>> = {
  scan: 'The folder was read',
  samples: 'Sample images are there',
  relink: 'The folder was followed',
  trial: 'A few steps were tried',
  train: 'The run ended',
  embed: 'Vectors are computed',
  evaluate: 'The evaluation is done',
  export: 'The export is done',
  'self-test': 'The device was tested',
};

/** There is only one folder of samples: it needs no name. */
const named = (what: string, kind: JobKind, subject: string): string => (kind === 'samples' || !subject ? what : `${what}: ${subject}`);

export const common = {
  cancel: 'Cancel',
  close: 'Close',
  retry: 'Try again',
  reload: 'Reload the page',
  dismiss: 'Dismiss',
  loading: 'Loading…',
  more: 'More about this',
  remove: (what: string) => `Remove ${what}`,
  showInFolder: 'Show in folder',
  cannotBeShown: 'Cannot be shown',
  preview: { title: 'Preview', previous: 'Previous image', next: 'Next image' },
  outOfRange: (min: number, max: number) => `Give a number from ${min} to ${max}.`,
  notWhole: 'Give a whole number.',
  folderPicker: {
    where: 'Folder on the computer that runs the engine',
    places: 'Places',
    up: 'Up to the folder above',
    empty: 'There are no folders in here.',
    images: (count: number) =>
      count === 0
        ? 'No images directly in this folder.'
        : `${count >= 10_000 ? 'At least 10,000' : count.toLocaleString('en')} images directly in it.`,
    choose: 'Use this folder',
    typed: 'Path',
    go: 'Go',
  },
  job: {
    titleOf: (kind: JobKind, subject: string) => named(kinds[kind], kind, subject),
    endOf: (kind: JobKind, subject: string) => named(ended[kind], kind, subject),
    waiting: 'waiting for other work',
    cancel: (what: string) => `Cancel: ${what}`,
    left: (time: string) => `${time} left`,
  },
} as const;
