// How the images of a class become bank and queries: by the splits of their folders, or by their contents.
import type { EvaluationImage, QueriesFor, Split } from './evaluation-image.ts';

/** A class counts with this many images in the bank of every fold and one query; a figure from fewer would be noise. */
export const minimumPerClass = 4;
/** Queries of a class that choices may be made on, however many are asked for: what lies beyond is for the report alone. */
export const mostChoosing = 200;
/** With fewer queries in all, one of them moves the figure by more than two points. */
export const minimumQueries = 50;
/** So many tell apart what differs by three points; a folder that is split here asks in folds until there are as many. */
const enoughQueries = 1000;
/** Each asks with a tenth of every class for choosing and, another time, with another tenth for reporting. */
export const mostFolds = 5;

/** Who asks, with how many of a class at most. */
interface Asking {
  readonly purpose: 'choosing' | 'reporting';
  readonly queriesFor: QueriesFor;
  readonly queriesPerClass: number;
}

export interface Sides {
  readonly bank: readonly number[];
  readonly queries: readonly number[];
  /** Whether choosing and reporting ask with the same image. */
  readonly shared: boolean;
}

/** Whether half of the test images are enough to ask with, so that the other half can wait for the report. */
export function canKeepBack(images: readonly EvaluationImage[], groups: readonly (readonly [string, readonly number[]])[]): boolean {
  const count = (members: readonly number[], split: Split): number => members.filter((row) => images[row]!.split === split).length;
  const halves = groups.map(([, members]) => (count(members, 'train') < minimumPerClass ? 0 : Math.floor(count(members, 'test') / 2)));
  return halves.reduce((sum, half) => sum + half, 0) >= minimumQueries;
}

export function splitByFolders(
  images: readonly EvaluationImage[],
  members: readonly number[],
  { purpose, queriesFor, queriesPerClass }: Asking,
  keepBack: boolean,
): Sides {
  const byName = [...members].sort((a, b) => compareNames(images[a]!.path, images[b]!.path));
  const test = byName.filter((row) => images[row]!.split === 'test');
  const bank = byName.filter((row) => images[row]!.split === 'train');
  if (queriesFor !== 'both') return { bank, queries: purpose === 'choosing' ? test.slice(0, queriesPerClass) : test, shared: false };
  // The border does not depend on how many queries were asked for, or a report with other numbers would ask what was chosen on.
  const shared = !keepBack || test.length === 1;
  const border = Math.min(mostChoosing, shared ? test.length : Math.ceil(test.length / 2));
  return {
    bank,
    queries: purpose === 'choosing' ? test.slice(0, Math.min(queriesPerClass, border)) : shared ? test : test.slice(border),
    shared,
  };
}

export const purposes = ['choosing', 'reporting'] as const;

/** A bit of its own content decides: what was asked for a choice never asks for a report, whatever comes to the folder or goes. */
const asksFor = (hash: string): 'choosing' | 'reporting' => {
  let bit = 0;
  for (let i = 0; i < hash.length; i++) bit ^= hash.charCodeAt(i) & 1;
  return purposes[bit]!;
};

/** Whether a class without a split has enough to look up in whichever of its images ask. */
export const isEnough = (images: readonly EvaluationImage[], members: readonly number[]): boolean =>
  differentByHash(images, members).length > minimumPerClass;

/** The images of a class that may ask for a purpose, in the order in which they do, and how many of them are a fold. */
function askingOf(
  images: readonly EvaluationImage[],
  ordered: readonly number[],
  purpose: 'choosing' | 'reporting',
): { readonly rows: number[]; readonly perFold: number } {
  const rows = ordered.filter((row) => asksFor(images[row]!.hash) === purpose);
  return { rows, perFold: Math.ceil(rows.length / mostFolds) };
}

/** The fewest folds that a folder without a split of its own needs to ask enough, or as much as it can; alike for both purposes. */
export function foldsFor(
  images: readonly EvaluationImage[],
  groups: readonly (readonly [string, readonly number[]])[],
  queriesPerClass: number,
): number {
  const asking = groups
    .filter(([, members]) => isEnough(images, members))
    .map(([, members]) => askingOf(images, differentByHash(images, members), 'reporting'));
  const asked = (folds: number): number =>
    asking.reduce((sum, { rows, perFold }) => sum + Math.min(queriesPerClass, folds * perFold, rows.length), 0);
  const enough = Math.min(enoughQueries, asked(mostFolds));
  let folds = 1;
  while (asked(folds) < enough) folds++;
  return folds;
}

export function splitByHash(
  images: readonly EvaluationImage[],
  members: readonly number[],
  { purpose, queriesPerClass }: Omit<Asking, 'queriesFor'>,
  folds: number,
): Sides {
  const ordered = differentByHash(images, members);
  // Half of them are kept back for the report, so that choosing cannot fit them.
  const { rows, perFold } = askingOf(images, ordered, purpose);
  const queries = rows.slice(0, Math.min(folds * perFold, queriesPerClass));
  const asks = new Set(queries);
  return { bank: ordered.filter((row) => !asks.has(row)), queries, shared: false };
}

/** One row per content, ordered by hash; of copies the first by name. */
export function differentByHash(images: readonly EvaluationImage[], members: readonly number[]): number[] {
  const ordered = [...members].sort(
    (a, b) => compareNames(images[a]!.hash, images[b]!.hash) || compareNames(images[a]!.path, images[b]!.path),
  );
  return ordered.filter((row, i) => i === 0 || images[row]!.hash !== images[ordered[i - 1]!]!.hash);
}

/** By code unit, the same on every machine and in every language. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
