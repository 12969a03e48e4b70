// Words that components and several views have in common.
import type { JobKind, JobProgress } from '../../shared/contract/contract-jobs.ts';
import { formatCount, plural } from './format.ts';

const kinds: Readonly<Record<JobKind, string>> = {
  scan: 'Reading',
  samples: 'Making sample images',
  relink: 'Following the moved folder',
  trial: 'Trying a few steps',
  train: 'Training',
  embed: 'Computing vectors',
  map: 'Drawing the map',
  compare: 'Comparing images',
  evaluate: 'Evaluating',
  export: 'Exporting',
  weights: 'Fetching weights',
  import: 'Importing weights',
  install: 'Installing',
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
  map: 'The map is drawn',
  compare: 'The images are compared',
  evaluate: 'The evaluation is done',
  export: 'The export is done',
  weights: 'The weights are there',
  import: 'The weights are imported',
  install: 'It is installed',
  'self-test': 'The device was tested',
};

/** What to do about work that was cut short; runs go on by themselves, and what is waited for is told where it was asked for. */
const again: Readonly<Record<Exclude<JobKind, 'train' | 'trial' | 'self-test'>, string>> = {
  scan: 'Read the folder again: it goes on where it stopped.',
  samples: 'Add the sample images again.',
  relink: 'Choose the place of the moved folder again.',
  embed: 'Compute them again: those that were made are kept.',
  map: 'Draw it again.',
  compare: 'Compare them again.',
  evaluate: 'Evaluate again.',
  export: 'Export again, to the same folder too: what is unfinished there is replaced.',
  weights: 'Fetch them again.',
  import: 'Import them again.',
  install: 'Install it again.',
};

/** Before another one can begin. */
const holding: Readonly<Record<JobKind, string>> = {
  scan: 'a folder to be read',
  samples: 'the sample images',
  relink: 'a folder to be followed',
  trial: 'a few trial steps',
  train: 'the training of another run',
  embed: 'vectors to be computed',
  map: 'a map to be drawn',
  compare: 'images to be compared',
  evaluate: 'an evaluation',
  export: 'an export',
  weights: 'weights to be fetched',
  import: 'weights to be imported',
  install: 'an installation',
  'self-test': 'the test of the device',
};

/** There is only one folder of samples: it needs no name. */
const named = (what: string, kind: JobKind, subject: string): string => (kind === 'samples' || !subject ? what : `${what}: ${subject}`);

const units: Readonly<Record<Exclude<JobProgress['unit'], ''>, readonly [string, string]>> = {
  images: ['image', 'images'],
  steps: ['step', 'steps'],
  rows: ['row', 'rows'],
  megabytes: ['MB', 'MB'],
};
/** "1 step", "12 of 400 images". */
function amount({ done, total, unit }: Pick<JobProgress, 'done' | 'total' | 'unit'>): string {
  const [last, before] = total > 0 ? [total, `${formatCount(done)} of `] : [done, ''];
  if (last === 0) return '';
  return before + (unit ? plural(last, ...units[unit]) : formatCount(last));
}

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
  tooManyDragged: (taken: number, all: number) => `${formatCount(taken)} of the ${formatCount(all)} selected images are dragged along.`,
  tooManyDraggedHint:
    'More files than that cannot be handed over at once. To use all of them elsewhere, drag the folder from the file manager.',
  /** Files with the same content as another one. */
  copies: (count: number) => plural(count, 'copy', 'copies'),
  cannotBeShown: 'Cannot be shown',
  preview: { title: 'Preview', previous: 'Previous image', next: 'Next image' },
  region: {
    mark: 'Search with a part',
    label:
      'Part of the picture to search with. Drag on the picture, or use the arrow keys: they move the part, with Shift they change its size. Enter searches.',
    help: 'Drag on the picture to mark a part of it.',
    search: 'Find images like this part',
    give: 'Cancel',
    partOf: (name: string) => `Part of ${name}`,
    failed: 'This part cannot be cut out.',
    failedHint: 'Mark another one, or search with the whole picture.',
  },
  outOfRange: (min: number, max: number) => `Give a number from ${min} to ${max}.`,
  notWhole: 'Give a whole number.',
  folderPicker: {
    where: 'Folder on the computer that runs the engine',
    whereFile: 'File on the computer that runs the engine',
    noFiles: 'There are no such files and no folders in here.',
    files: (count: number) => `${plural(count, 'file')} to choose from.`,
    places: 'Places',
    up: 'Up to the folder above',
    empty: 'There are no folders in here.',
    images: (count: number) =>
      count === 0
        ? 'No images directly in this folder.'
        : `${count >= 10_000 ? 'At least 10,000 images' : plural(count, 'image')} directly in it.`,
    choose: 'Use this folder',
    typed: 'Path',
    go: 'Go',
  },
  job: {
    titleOf: (kind: JobKind, subject: string) => named(kinds[kind], kind, subject),
    endOf: (kind: JobKind, subject: string) => named(ended[kind], kind, subject),
    cut: (kind: keyof typeof again, subject: string) => ({
      message: `${named(kinds[kind], kind, subject)} was cut short, as the engine stopped.`,
      hint: again[kind],
    }),
    amount,
    /** `holder`: the work that is done before. */
    waitsFor: (holder: { readonly kind: JobKind; readonly subject: string } | undefined) =>
      holder ? `waits for ${named(holding[holder.kind], holder.kind, holder.subject)}` : 'begins in a moment',
    cancel: (what: string) => `Cancel: ${what}`,
    left: (time: string) => `${time} left`,
  },
} as const;
