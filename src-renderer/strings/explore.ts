// Looking for images that are alike.
import { placesInColours } from '../../shared/closer-look.ts';
import type { Layer, Space } from '../../shared/contract/contract-values.ts';
import { common } from './common.ts';
import { formatCount, plural } from './format.ts';

const layers: Readonly<Record<Layer, string>> = { last: 'last layer', last4: 'last layers together' };
const spaces: Readonly<Record<Space, { readonly name: string; readonly text: string }>> = {
  raw: {
    name: 'Unchanged',
    text: 'Vectors as the encoder gives them. What all images of the folder have in common makes every score high.',
  },
  centred: { name: 'Centred', text: 'The mean of the folder is taken away first, so that only what differs between images counts.' },
  whitened: {
    name: 'Whitened',
    text: 'Every way in which images differ counts alike, not only the strongest. Finds the best look-alikes most often.',
  },
};

/** As a choice on its own. */
const layerNames: Readonly<Record<Layer, string>> = { last: 'Last layer', last4: 'Last layers together' };

export const explore = {
  title: 'Explore',
  noFolder: 'No folder yet',
  noFolderText: 'Add a folder of images first. Explore finds which of them are alike.',
  toStart: 'Add a folder',
  sourcesFailed: 'What can be searched is not known.',

  layers,
  layerNames,
  spaces,
  source: ({ run, step, layer }: { readonly run: string; readonly step: number; readonly layer: Layer }) =>
    `${run} · step ${formatCount(step)} · ${layers[layer]}`,
  vectors: 'Vectors from',
  otherVectors: 'Vectors from, for the second column',
  /** `copies`: files of the folder that have the content of another one, and share its vector. */
  facts: (dimension: number, embedded: number, copies: number) =>
    `${plural(embedded, 'different image')}${copies > 0 ? ` and ${common.copies(copies)}` : ''}, ${formatCount(dimension)} numbers each`,
  computeMissing: 'Compute them',
  computeOthers: 'Compute others…',
  missing: (images: number) => `${plural(images, 'image has', 'images have')} no vector yet and cannot be found.`,

  query: 'Looking for',
  queryEmpty: 'Nothing yet. Choose images in the library, drop or paste one here, or open one:',
  like: 'like',
  unlike: 'not like',
  turn: (name: string, side: 'plus' | 'minus') =>
    side === 'plus' ? `${name}: results should be like it. Change to unlike.` : `${name}: results should not be like it. Change to like.`,
  addSelection: (count: number) => `Add ${plural(count, 'selected image')}`,
  open: 'Open a picture…',
  back: 'Back to the previous query',
  clear: 'Clear',
  onlyMinus: 'Add at least one image that results should be like.',
  outside: 'from outside',
  unnamed: (upload: number) => `Picture ${upload} from outside`,
  imageNumber: (image: number) => `Image ${image}`,
  uploading: (count: number) => `Reading ${plural(count, 'picture')}…`,
  arrived: (count: number) =>
    count === 1 ? 'The picture from outside has been read.' : `${formatCount(count)} pictures from outside have been read.`,
  arrivedHint: 'Open Explore to see which images are alike.',
  limit: (most: number) => `A query has at most ${most} images on each side; the others were left out.`,
  tooMany: (most: number, all: number) => `The first ${most} of ${formatCount(all)} pictures are looked up.`,
  tooLarge: (name: string) => `${name} is larger than 64 MiB.`,
  tooLargeHint: 'Look it up with a smaller copy, or add its folder to the library.',

  space: 'Vector space',
  options: 'How to search',
  show: 'Show',
  most: 'Results',
  least: 'Lowest score',
  leastHelp:
    'Hides results that are less alike. The score is the cosine of two vectors: 1 is the same direction, 0 is unrelated. 0 shows all.',
  hideCopies: 'Hide duplicates',
  hideCopiesHint: 'Images that are nearly the same as one above them are left out.',
  hideCopiesRawHint: 'Files with the same content as one above them are left out; scores near 1 are ordinary in this space.',
  copyAbove: 'Duplicate above',
  copyAboveHelp: 'Two images whose score is above this count as duplicates. 1: only files with the same content.',
  compare: 'Compare two sets of vectors',
  compareHint: 'The same query, side by side.',

  sight: {
    title: 'What the encoder sees',
    none: 'Choose a picture: the selected one, or the first that is looked for, is shown here.',
    failed: 'This cannot be shown.',
    waiting: 'The encoder is looking…',
    picture: (name: string) => `${name} as the encoder gets it`,
    colours: (name: string, grid: number) => `${name} as ${grid} × ${grid} patches in colours`,
    closer: 'Look closer',
    closerHint: 'Two or four times as many patches along each side as the encoder was trained on.',
    explain: (images: number) =>
      `Patches that the encoder finds similar get similar colours, the same in every picture: three principal components of ${plural(images, 'image')} as red, green and blue. ${placesInColours(images)}`,
  },

  begin: 'Find images that are alike',
  beginText: 'Choose an image to begin with: here, in the library, or drop one from outside on the page.',
  samples: 'Some images of this folder',
  otherSamples: 'Others',

  noVectors: 'No vectors yet',
  noVectorsText:
    'A trained run turns each image into a vector: a list of numbers that says what is in it. Similar images get similar vectors. They are computed once; after that, every search takes a moment.',
  lacking: (run: string) => `${run} has no vectors of this folder yet`,
  lackingText: 'Compute them to see which images this run finds similar.',
  lackingGone: 'There is no encoder of that name to compute them with: the run was deleted or renamed, or has no checkpoint yet.',
  lookThrough: (run: string) => `Look through the vectors of ${run}`,
  elsewhere: 'This search belongs to another folder',
  elsewhereText: 'The folder of its images is no longer in the library.',
  lookAnew: 'Start a new search',
  noRuns: 'Nothing was trained yet',
  noRunsText: 'Looking for images that are alike needs an encoder. Train one on this folder; a short run is enough for a first look.',
  toTrain: 'Train',
  embedTitle: 'Compute vectors',
  embedText: 'Each image is read once with the chosen encoder. Training goes on meanwhile, but both become slower.',
  run: 'Run',
  checkpoint: 'Step',
  checkpointName: (checkpoint: string, step: number | undefined) => {
    const name = checkpoint === 'best' ? 'Best' : checkpoint === 'latest' ? 'Latest' : '';
    if (step === undefined) return name;
    return name ? `${name} (step ${formatCount(step)})` : `Step ${formatCount(step)}`;
  },
  layer: 'Layer',
  layerHint:
    'Up to four last layers side by side (the suggested encoder has two) give longer vectors, which were no better in our measurements of it.',
  device: 'Computed on',
  automaticDevice: 'A graphics card where it is faster',
  embed: 'Compute vectors',

  results: (run: string) => `Images found by ${run}`,
  found: (count: number) => `${formatCount(count)} found`,
  hidden: (count: number) => `${plural(count, 'duplicate')} hidden`,
  took: (milliseconds: number) => `${Math.max(1, Math.round(milliseconds))} ms`,
  shared: (count: number, all: number) => `${count} of ${all} in both`,
  none: 'No image is that similar.',
  noneText: 'Choose a lower score.',
  searchFailed: 'This search did not work.',
  searching: 'Searching…',
  asked: 'query',
  /** Begins with what stands in the cell, in its order. */
  cell: (rank: number, score: string, name: string, label: string | null) =>
    `${rank} ${score} ${label === null ? name : `${label}, ${name}`}`,
  queryCell: (name: string, label: string | undefined, side: 'plus' | 'minus') =>
    `${side === 'plus' ? 'query' : 'not like'} ${label === undefined ? name : `${label}, ${name}`}`,
  lookFor: 'Find similar',
  showPreview: 'Preview',
  menu: (name: string) => `What to do with ${name}`,
  preview: {
    rank: (rank: number, score: string) => `${rank}. · score ${score}`,
    asked: 'query',
  },
  more: (name: string) => `More like ${name}`,
  less: (name: string) => `Less like ${name}`,
} as const;
