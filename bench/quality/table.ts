// The table of results: one line per trained seed, tab-separated, only ever added to.
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { takeLock } from '../../src-main/files/folder-lock.ts';
import { writeFileAside } from '../../src-main/files/write-aside.ts';

/** Accuracies and precisions in %, as is / centred / whitened. Empty where something was not measured. */
export const columnNames = [
  'date',
  'commit',
  'recipe',
  'settings',
  'folder',
  'for',
  'seed',
  'budget',
  'used',
  'seconds',
  'rate',
  'steps',
  'crops',
  'knn',
  'knnCentred',
  'knnWhitened',
  'untrained',
  'untrainedCentred',
  'untrainedWhitened',
  'pixels',
  'pixelsCentred',
  'pixelsWhitened',
  'probe',
  'rankMe',
  'positionalShare',
] as const;
export type ColumnName = (typeof columnNames)[number];
export type TableRow = Readonly<Record<ColumnName, string>>;

const header = columnNames.join('\t');

/** Throws a TypeError for a table of other columns or a line that does not fit. */
export function parseTable(text: string): TableRow[] {
  const [first, ...lines] = text.split('\n').filter((line) => line !== '');
  if (first === undefined) return [];
  if (first !== header) throw new TypeError(`the table has other columns: ${first}`);
  return lines.map((line) => {
    const cells = line.split('\t');
    if (cells.length !== columnNames.length) throw new TypeError(`a line of ${cells.length} cells: ${line}`);
    return Object.fromEntries(columnNames.map((name, i) => [name, cells[i]!])) as TableRow;
  });
}

export const formatTable = (rows: readonly TableRow[]): string =>
  `${[header, ...rows.map((row) => columnNames.map((name) => row[name].replaceAll(/[\t\n]/g, ' ')).join('\t'))].join('\n')}\n`;

export const readTable = (file: string): TableRow[] => (existsSync(file) ? parseTable(readFileSync(file, 'utf8')) : []);

/** When it was written down is no part of what was found. */
const findings = columnNames.filter((name) => name !== 'date' && name !== 'commit');

/** Adds a line unless the same finding is there; two benches that end together wait for each other. */
export async function appendRow(file: string, row: TableRow): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      const lock = takeLock(dirname(file));
      try {
        const rows = readTable(file);
        const isThere = rows.some((one) => findings.every((name) => one[name] === row[name]));
        if (!isThere) writeFileAside(file, formatTable([...rows, row]));
        return;
      } finally {
        lock.dispose();
      }
    } catch (error) {
      if (attempt >= 50 || error instanceof TypeError) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
