// Where an image's label and split come from: the folders it lies in, a CSV file, or nowhere.
import { readFile } from 'node:fs/promises';
import { AppError, systemError } from '../../shared/errors.ts';
import { parseCsv } from './csv.ts';

export type Split = 'train' | 'val' | 'test';

export interface Labels {
  readonly label: string | null;
  readonly split: Split | null;
}

/** The choice, as the catalogue keeps it. */
export type LabelMode = { readonly kind: 'folders' } | { readonly kind: 'csv'; readonly file: string } | { readonly kind: 'off' };

export interface LabelTable {
  /** Relative path with `/`, as written → labels. */
  readonly entries: ReadonlyMap<string, Labels>;
  /** The same by composed (NFC) path: tables and disks spell accents differently. */
  readonly composed: ReadonlyMap<string, Labels>;
  /** Sentences about lines that were left out or look wrong, with their numbers. */
  readonly problems: readonly string[];
}

/** The choice with all that `labelsOf` needs. */
export type LabelRule = { readonly kind: 'folders' } | { readonly kind: 'csv'; readonly table: LabelTable } | { readonly kind: 'off' };

/** A map and no object: a folder may well be called `constructor`. */
const splitNames: ReadonlyMap<string, Split> = new Map([
  ['train', 'train'],
  ['training', 'train'],
  ['val', 'val'],
  ['valid', 'val'],
  ['validation', 'val'],
  ['test', 'test'],
]);
const splitNamed = (name: string): Split | undefined => splitNames.get(name.toLowerCase());
/** Folder names that are splits; `training` is one in a table only. */
const splitFolder = (name: string): Split | undefined => (name.toLowerCase() === 'training' ? undefined : splitNamed(name));

const none: Labels = { label: null, split: null };

/**
 * Label and split of an image by its path relative to the root (with `/`). From folders: a first-level folder named
 * train, val, valid, validation or test (any case) is the split and the next folder the label; otherwise the first-level
 * folder is the label. An image outside such folders has none.
 */
export function labelsOf(relativePath: string, rule: LabelRule): Labels {
  switch (rule.kind) {
    case 'off':
      return none;
    case 'csv':
      return rule.table.entries.get(relativePath) ?? rule.table.composed.get(relativePath.normalize('NFC')) ?? none;
    case 'folders': {
      const [first, second, third] = relativePath.split('/', 3);
      if (first === undefined || second === undefined) return none;
      const split = splitFolder(first);
      if (split === undefined) return { label: first, split: null };
      return { label: third === undefined ? null : second, split };
    }
  }
}

const relative = (path: string): string => path.replaceAll('\\', '/').replace(/^(\.\/)+/, '');

/**
 * Reads a table `file,label[,split]`: header required in any order and case, paths relative to the root with / or \.
 * Throws `bad-file` when the header lacks a column; anything wrong with a line is a problem in the result.
 */
export function labelTable(text: string): LabelTable {
  const [header, ...records] = parseCsv(text);
  const columns = header?.fields.map((name) => name.trim().toLowerCase()) ?? [];
  const [file, label, split] = [columns.indexOf('file'), columns.indexOf('label'), columns.indexOf('split')];
  if (file < 0 || label < 0)
    throw new AppError(
      'bad-file',
      `The table of labels has no column ${file < 0 ? 'file' : 'label'}: its first line is "${header?.fields.join(',') ?? ''}".`,
      'Make the first line file,label or file,label,split.',
    );
  const entries = new Map<string, Labels>();
  const composed = new Map<string, Labels>();
  const problems: string[] = [];
  for (const { line, fields } of records) {
    const path = relative(fields[file]?.trim() ?? '');
    if (path === '') {
      problems.push(`Line ${line} names no file.`);
      continue;
    }
    if (entries.has(path)) {
      problems.push(`Line ${line} names ${path} again: the first line about it holds.`);
      continue;
    }
    const splitText = split < 0 ? '' : (fields[split]?.trim() ?? '');
    const known = splitNamed(splitText);
    if (splitText !== '' && known === undefined) problems.push(`Line ${line}: the split "${splitText}" is none of train, val, test.`);
    const labelText = fields[label]?.trim() ?? '';
    const labels: Labels = { label: labelText === '' ? null : labelText, split: known ?? null };
    entries.set(path, labels);
    const spelled = path.normalize('NFC');
    if (!composed.has(spelled)) composed.set(spelled, labels);
  }
  return { entries, composed, problems };
}

/** Loads what the choice needs. Throws `not-found`, `not-writable` or `bad-file` for the table. */
export async function labelRule(mode: LabelMode): Promise<LabelRule> {
  if (mode.kind !== 'csv') return mode;
  try {
    return { kind: 'csv', table: labelTable(await readFile(mode.file, 'utf8')) };
  } catch (error) {
    throw systemError(error) ?? error;
  }
}

/** The table's files that are none of `paths`, in the table's order: most often a mistyped name or the wrong root. */
export function unknownFiles(table: LabelTable, paths: Iterable<string>): string[] {
  const exact = new Set<string>();
  const composed = new Set<string>();
  for (const path of paths) {
    if (table.entries.has(path)) exact.add(path);
    else composed.add(path.normalize('NFC'));
  }
  return [...table.entries.keys()].filter((path) => !exact.has(path) && !composed.has(path.normalize('NFC')));
}
