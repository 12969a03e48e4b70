// The map of a folder's images.
import { formatCount, plural } from './format.ts';

export const map = {
  title: 'Map',
  noFolder: 'No folder yet',
  noFolderText: 'Add a folder of images first. On the map images that are alike lie together.',
  toStart: 'Add a folder',
  noVectors: 'No vectors yet',
  noVectorsText: 'Vectors tell which images are alike. Train a run, or use one you have, and compute its vectors in Explore.',
  toExplore: 'Go to Explore',
  failed: 'The map cannot be shown.',

  vectors: 'Vectors from',
  space: 'Vector space',
  notDrawn: 'Not drawn yet',
  notDrawnText: (images: number) =>
    `Draws ${plural(images, 'image')} on a plane, so that those that are alike lie together. Takes seconds for thousands of images, minutes for 100,000. It is kept.`,
  draw: 'Draw the map',
  drawing: 'Drawing the map…',
  again: 'Draw again',
  missing: (images: number) =>
    `${plural(images, 'image is', 'images are')} not on the map: it was drawn without ${images === 1 ? 'it' : 'them'}.`,
  facts: (images: number) => plural(images, 'image'),

  label: (images: number) =>
    `Map of ${plural(images, 'image')}. Arrow keys move, + and − zoom, 0 shows everything, Enter selects the image in the middle, Space shows it large.`,
  middle: (name: string) => `In the middle: ${name}`,
  under: (name: string) => `Under the pointer: ${name}`,
  tools: 'What dragging does',
  tool: { move: 'Move', box: 'Box', lasso: 'Lasso' },
  pictures: 'Pictures',
  whole: 'Show everything',
  closer: 'Closer',
  further: 'Further away',
  help: 'Drag to move, scroll to zoom, click to select. Shift and drag selects a box, Ctrl, Shift and drag (on a Mac ⌘ and Shift) an outline.',

  labels: 'Labels',
  noLabel: 'No label',
  toggle: (label: string, shown: boolean) => (shown ? `Hide ${label}` : `Show ${label}`),
  only: (label: string) => `Show only ${label}`,
  onlyButton: 'Only',
  all: 'Show all',
  search: 'Find a label',
  count: (chosen: number, all: number) => (chosen > 0 ? `${formatCount(chosen)} / ${formatCount(all)}` : formatCount(all)),
  someLabels: (shown: number, all: number) => `${formatCount(shown)} of ${formatCount(all)} labels. Type to find the others.`,

  chosen: (images: number, all: number) => `${formatCount(images)} of ${formatCount(all)} selected`,
  chosenElsewhere: (images: number) => `${plural(images, 'image')} selected`,
  clear: 'Clear the selection',
  similar: 'Find similar',
  similarLimit: (most: number) => `A query has at most ${most} images: those of the selection that are nearest to its middle are taken.`,
  inLibrary: 'Tag in the library',
  large: 'Show it large',
} as const;
