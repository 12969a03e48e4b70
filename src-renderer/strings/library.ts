import type { ImageFilter } from '../../shared/contract/contract-library.ts';
import { formatCount, plural } from './format.ts';

const splits: Readonly<Record<string, string>> = { train: 'Training split', val: 'Validation split', test: 'Test split' };
const statuses: Readonly<Record<string, string>> = { ok: 'Readable', failed: 'Could not be read', missing: 'File is gone' };

/** A part of a filter that is set. */
interface Part {
  readonly key: keyof ImageFilter;
  readonly value: string | null;
}

/** A value of a filter in words. */
function valueOf({ key, value }: Part): string {
  if (key === 'label') return value ?? 'No label';
  if (key === 'split') return value === null ? 'No split' : (splits[value] ?? value);
  if (key === 'status') return statuses[value ?? ''] ?? String(value);
  return value ?? '';
}

const named = { search: 'Name has', below: 'In', label: 'Label', split: 'Split', status: 'Files', tag: 'Tag' } as const;

export const library = {
  title: 'Library',
  valueOf,
  chip: (part: Part) => `${named[part.key]}: ${valueOf(part)}`,
  search: 'Search by name',
  /** `usable`: of a whole folder, those that can be read and are there. */
  count: (total: number | undefined, usable: number | undefined = total) => {
    if (total === undefined) return 'Counting…';
    return total === usable ? plural(total, 'image') : `${plural(total, 'file')}, ${formatCount(usable ?? 0)} of them usable`;
  },
  size: 'Size of the images',
  sizeText: (size: number) => `${size} pixels`,
  filters: 'Filters',
  showFilters: 'Show filters',
  hideFilters: 'Hide filters',
  showDetails: 'Show details',
  hideDetails: 'Hide details',
  clearFilters: 'Clear filters',
  grid: (folder: string) => `Images of ${folder}`,
  sections: { folders: 'Subfolders', labels: 'Labels', splits: 'Splits', statuses: 'Files', tags: 'Tags' },
  sectionHelp: {
    labels: 'Labels only judge what a run has learned; they never teach it. They come from the names of subfolders or from a CSV file.',
    splits:
      'Subfolders named train, val and test, or the third column of the CSV file. What is chosen on one split is evaluated on another.',
  },
  noTags: 'Select images and add a tag to find them again.',
  noLabels: 'No labels are used for this folder.',
  more: (count: number) => `Show all ${formatCount(count)}`,
  fewer: 'Show fewer',
  narrow: (what: string) => `Find in ${what.toLowerCase()}`,
  changeLabels: 'Change…',
  selected: (count: number) => `${formatCount(count)} selected`,
  clearSelection: 'Clear selection',
  findSimilar: 'Find similar',
  tagSelected: 'Tag…',
  tagDialog: {
    title: (count: number) => `Tag ${plural(count, 'image')}`,
    name: 'Tag',
    hint: 'For example: mitosis, check again, out of focus',
    add: 'Add the tag',
    take: 'Take the tag away',
    done: (name: string, count: number, on: boolean) =>
      on ? `“${name}” is on ${plural(count, 'more image')}.` : `“${name}” was taken from ${plural(count, 'image')}.`,
  },
  overlap: {
    around: (added: string, known: string) => `The images of ${added} are in ${known} already, which it is a part of.`,
    aroundHint: (known: string) => `They are listed in both now. To look at this part alone, choose it among the subfolders of ${known}.`,
    within: (added: string, known: readonly string[]) => `${known.join(', ')} ${known.length === 1 ? 'is' : 'are'} a part of ${added}.`,
    withinHint: 'Its images are listed in both now. Remove one of them from the library if that is not what you want.',
  },
  menu: {
    label: 'Image',
    preview: 'Preview',
    details: 'Details',
    similar: 'Find similar',
    select: 'Add to the selection',
    reveal: 'Show in folder',
  },
  folderMenu: {
    label: 'More for this folder',
    update: 'Look for new and changed images',
    labels: 'Where labels come from…',
    relink: 'The folder was moved…',
    reveal: 'Show in folder',
    failures: 'Images that could not be read…',
    remove: 'Remove from the library…',
  },
  changed: (changed: number) => `${plural(changed, 'image')} new or changed`,
  gone: (count: number) => `${plural(count, 'file')} no longer there`,
  update: 'Update',
  unreadable: (count: number) => `${formatCount(count)} could not be read`,
  list: 'Show list',
  missingFolder: {
    message: (path: string) => `The folder ${path} is not there now.`,
    hint: 'If it is on a drive that is not connected, connect it and try again. If it was moved or renamed, say where it is: labels, tags and vectors stay.',
    relink: 'It was moved…',
    again: 'Look again',
    choose: 'Where is the folder now?',
    chooseText: 'Its images are recognised by their content, so that labels, tags and vectors stay with them.',
    confirm: 'It is here',
  },
  empty: {
    noFolder: 'No folder yet',
    noFolderText: 'Add a folder of images. They are read where they are; nothing is moved, changed or uploaded.',
    reading: 'Looking for images…',
    readingText: 'Images appear here as they are found.',
    none: 'No images in this folder',
    noneText: 'JPEG, PNG, WebP, AVIF, GIF, TIFF, SVG and HEIC files are found, in subfolders too.',
    nothing: 'No image matches',
    nothingText: 'Take a filter away to see more.',
    failed: 'The images could not be listed',
  },
  preview: {
    place: (index: number, total: number) => `${formatCount(index + 1)} of ${formatCount(total)}`,
  },
  details: {
    title: 'Details',
    none: 'Move to an image to see what is known of it.',
    several: (count: number) => `${formatCount(count)} images selected`,
    severalText: 'Tags and “Find similar” work on all of them.',
    fields: { size: 'Pixels', file: 'File', format: 'Format', modified: 'Changed', label: 'Label', split: 'Split', folder: 'Path' },
    noLabel: 'none',
    tags: 'Tags',
    addTag: 'Add a tag',
    addTagTo: (count: number) => `Tag all ${formatCount(count)}`,
    similarTo: (count: number) => `Find similar to all ${formatCount(count)}`,
    add: 'Add',
    copies: (count: number) =>
      count === 1 ? 'Another file has the same content' : `${formatCount(count)} other files have the same content`,
    gone: 'This file is no longer there. Update the folder, or bring the file back.',
    copyPath: 'Copy path',
    copied: 'The path was copied.',
  },
  failures: {
    title: (count: number) => `Could not be read (${formatCount(count)})`,
    text: 'These files are left out; everything else goes on. The files themselves were not touched.',
    file: 'File',
    reason: 'Reason',
    save: 'Save the list as CSV',
    again: 'Try to read them again',
    more: (left: number) => `Show ${formatCount(Math.min(left, 500))} more`,
    none: 'Every file could be read.',
    folderRow: 'folder',
  },
  labels: {
    title: 'Where labels come from',
    text: 'Labels judge what a run has learned. They are never shown to the network: it learns from the images alone.',
    source: 'Labels',
    options: { folders: 'Names of subfolders', csv: 'A CSV file', off: 'No labels' },
    explain: {
      folders: 'The first subfolder names the label: cats/0001.jpg is a cat. Subfolders train, val and test are splits, not labels.',
      csv: 'Columns file,label and, if you like, split (train, val or test). Files are named from the folder on.',
      off: 'Runs are then judged by whether two crops of one image find each other, which does not show that neighbouring images are of the same kind.',
    },
    file: 'Path of the CSV file on the computer that runs the engine',
    chooseFileTitle: 'Choose a CSV file',
    chooseFileText: 'Files whose name ends with .csv or .txt.',
    chooseFileConfirm: 'Use this file',
    chooseFile: 'Choose…',
    apply: 'Use these labels',
  },
  remove: {
    title: (name: string) => `Remove ${name} from the library?`,
    text: 'The images themselves stay where they are, and so do runs and their vectors. Tags that you gave to these images are forgotten. You can add the folder again at any time.',
    confirm: 'Remove from the library',
    done: (name: string) => `${name} was removed from the library. Its files were not touched.`,
  },
} as const;
