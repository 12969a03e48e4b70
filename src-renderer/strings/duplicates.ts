// Files of a folder that show the same.
import type { DuplicateLevel } from '../../shared/contract/duplicate-terms.ts';
import { duplicateTag } from '../../shared/contract/duplicate-terms.ts';
import { formatBytes, formatCount, plural } from './format.ts';

/** What a file is beside the others of its group. */
const relations: Readonly<Record<DuplicateLevel, string>> = { file: 'same file', picture: 'same picture', similar: 'very similar' };

export const duplicates = {
  places: { search: 'Search', duplicates: 'Duplicates' },
  placesLabel: 'In Explore',
  title: 'Duplicates',

  level: 'What counts as a duplicate',
  levels: { file: 'Same file', picture: 'Same picture', similar: 'Very similar' },
  levelTexts: {
    file: 'Files with the same content, to the last byte.',
    picture: 'The same file, or the same picture at another size or saved anew: the pixels are compared.',
    similar: 'The same file or picture, or what the encoder finds this similar: look before you mark.',
  },
  similarity: 'Similarity above',
  similarityHelp:
    'Each file of a group is at least this similar to the one that most of them are like, so that no chain of small steps joins different pictures. 1 is the same.',
  floorRaised: (floor: string) => `So many images are alike that only pairs above a similarity of ${floor} were looked at.`,
  vectors: 'Vectors from',
  space: 'Vector space',

  found: (groups: number, files: number, bytes: number) =>
    `${plural(groups, 'group')} of ${plural(files, 'file')}; all but one of each take ${formatBytes(bytes)}`,
  looking: 'Looking for duplicates…',
  failed: 'Duplicates could not be looked for.',
  none: { file: 'No two files are the same', picture: 'No picture is there twice', similar: 'No two images are that similar' },
  noneText: {
    file: 'Choose “Same picture” to find copies at other sizes or saved anew.',
    picture: 'Choose “Very similar” to find what looks nearly alike.',
    similar: 'Choose a lower similarity.',
  },
  notCompared: (images: number) => `The ${plural(images, 'image')} with vectors have not been compared with each other yet.`,
  notComparedHint: 'Until then only the same files are listed. It takes seconds to minutes, once.',
  compare: 'Compare all images',
  unseen: (pairs: number) => `The pixels of ${plural(pairs, 'pair')} of similar images have not been compared yet.`,
  unseenHint: 'Until then some of the same pictures may be missing here.',
  compareRest: 'Compare the rest',
  noVectors: 'Only the same files can be found so far.',
  noVectorsHint: 'To find the same picture in other files, compute the vectors of this folder first.',
  toVectors: 'Compute vectors',
  missing: (images: number) => `${plural(images, 'image has', 'images have')} no vector yet: only their exact copies are found.`,

  list: 'Groups of duplicates',
  group: (place: number, total: number) => `Group ${formatCount(place)}: ${plural(total, 'file')}`,
  groupTitle: (total: number) => plural(total, 'file'),
  groupKind: (kind: DuplicateLevel) => ({ file: 'The same file', picture: 'The same picture', similar: 'Very similar' })[kind],
  relations,
  /** Of the file that all of a group are like. */
  centre: 'others are like it',
  kept: 'Keep',
  marked: duplicateTag,
  more: (files: number) => `+ ${formatCount(files)}`,
  moreFiles: (files: number) => `${plural(files, 'more file')} in this group`,
  size: (width: number, height: number) => `${formatCount(width)} × ${formatCount(height)}`,

  keepThis: 'Keep this one',
  sideBySide: 'Compare side by side',
  markOthers: (files: number) => `Mark ${plural(files, 'other')}`,
  markAll: 'Mark in all groups…',
  markAllTitle: (groups: number) => `Mark the others of ${plural(groups, 'group')}?`,
  markAllText: (files: number) =>
    `${plural(files, 'file gets', 'files get')} the tag “${duplicateTag}”; of each group the one marked “Keep” gets none. No file is changed, moved or deleted, and it can be undone here.`,
  markAllSimilar: 'These are only similar: some may be different pictures.',
  mark: 'Mark them',
  done: (files: number) => `${plural(files, 'file has', 'files have')} the tag “${duplicateTag}” now.`,
  doneNone: `All of them had the tag “${duplicateTag}” already.`,
  undo: 'Undo',
  undone: 'The tags are as they were before.',
  toLibrary: 'Find them in the library by their tag; what is to be deleted is deleted in your file manager.',
  save: 'Save list (CSV)',
  menu: (name: string) => `What to do with ${name}`,
  findSimilar: 'Find similar',
  keys: 'Arrows move, K keeps, M marks the others, Enter compares side by side, Ctrl + Z undoes.',

  pair: {
    title: (place: number, total: number) => `Side by side: file ${formatCount(place)} of ${formatCount(total)}`,
    keptSide: 'Keep',
    otherSide: 'Other',
    next: 'Next file of the group',
    previous: 'Previous file of the group',
    keep: 'Keep this one instead',
    facts: { path: 'Path', pixels: 'Pixels', bytes: 'Size', modified: 'Changed', relation: 'Likeness' },
  },
} as const;
