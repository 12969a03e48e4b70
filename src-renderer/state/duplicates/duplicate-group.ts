// One group of duplicates, for people.
import type { DuplicateFile, DuplicateGroup } from '../../../shared/contract/contract-duplicates.ts';
import { keptImage } from '../../../shared/contract/duplicate-terms.ts';
import type { DuplicateLevel } from '../../../shared/contract/duplicate-terms.ts';
import { duplicates as words } from '../../strings/duplicates.ts';
import { baseName, formatBytes } from '../../strings/format.ts';

/** The file that is kept, as the engine has it: see `keptImage`. */
export function keptOf({ files }: DuplicateGroup, keep: ReadonlyMap<number, number>): DuplicateFile {
  const kept = keptImage(
    files.map(({ image }) => image),
    keep,
  );
  return files.find(({ image }) => image === kept)!;
}

/** What all files of a group are to each other, at least. */
export function kindOf({ files }: DuplicateGroup): DuplicateLevel {
  if (files.some(({ relation }) => relation === 'similar')) return 'similar';
  return files.some(({ relation }) => relation === 'picture') ? 'picture' : 'file';
}

/** Three digits, never rounded up to 1 for what is not the same: that would say it is. */
export const similarityText = (similarity: number): string => (similarity >= 1 ? '1' : (Math.floor(similarity * 1000) / 1000).toFixed(3));

/** In short, what a file is: "1,024 × 768 · 3.2 MB". */
export const factsOf = ({ width, height, bytes }: DuplicateFile): string => `${words.size(width, height)} · ${formatBytes(bytes)}`;

/** How it is like the one that all of its group are like; nothing where all are the same file. */
export function likenessOf(file: DuplicateFile, group: DuplicateGroup): string {
  if (file.relation !== 'file') return `${words.relations[file.relation]} ${similarityText(file.similarity)}`;
  if (kindOf(group) === 'file') return '';
  return group.files.filter(({ relation }) => relation === 'file').length > 1 ? words.relations.file : words.centre;
}

/** What is read out of a file: what stands in its cell, in its order. */
export const nameOf = (file: DuplicateFile, group: DuplicateGroup, kept: boolean): string =>
  [kept ? words.kept : '', file.marked ? words.marked : '', baseName(file.path), factsOf(file), likenessOf(file, group)]
    .filter(Boolean)
    .join(' ');

/** The files that are shown of a group where `fits` have room, from `first` on so that the `active` one is among them. */
export function filesInSight(
  shown: number,
  total: number,
  fits: number,
  active: number,
): { readonly first: number; readonly count: number } {
  const isAll = shown <= fits && shown === total;
  // The last place says how many more there are.
  const count = isAll ? shown : Math.max(1, Math.min(shown, fits - 1));
  return { first: Math.min(Math.max(0, active - count + 1), shown - count), count };
}
