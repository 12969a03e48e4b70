// What was chosen of duplicates, while other views are shown: what counts as one, whose vectors, which file of a group is kept, what can be undone.
import type { Space } from '../../../shared/contract/contract-values.ts';
import { placesOf, usualSimilarity } from '../../../shared/contract/duplicate-terms.ts';
import type { DuplicateLevel } from '../../../shared/contract/duplicate-terms.ts';
import type { SourceKey } from '../explore/explore-sources.ts';

export interface DuplicateSettings {
  readonly level: DuplicateLevel;
  readonly similarity: number;
  readonly space: Space;
  readonly source: SourceKey | undefined;
}

/** Images whose tags were changed at once. */
export interface Marks {
  readonly folder: number;
  readonly marked: Int32Array<ArrayBuffer>;
  readonly unmarked: Int32Array<ArrayBuffer>;
}

export class DuplicateChoices {
  #settings = $state.raw<DuplicateSettings>({ level: 'picture', similarity: usualSimilarity, space: 'whitened', source: undefined });
  /** Numbers of images are never given twice: those of other folders do not matter. */
  #keep = $state.raw<ReadonlyMap<number, number>>(new Map());
  #done = $state.raw<readonly Marks[]>([]);

  get settings(): DuplicateSettings {
    return this.#settings;
  }
  /** Images to keep in place of the best of their group, in the order of choosing, with their places in it. */
  get keep(): ReadonlyMap<number, number> {
    return this.#keep;
  }
  /** The last marks of a folder. */
  lastIn(folder: number | undefined): Marks | undefined {
    return this.#done.findLast((one) => one.folder === folder);
  }

  set(settings: Partial<DuplicateSettings>): void {
    this.#settings = { ...this.#settings, ...settings };
  }

  /** Keeps an image and none of the others of its group. */
  choose(image: number, others: readonly number[]): void {
    this.#keep = placesOf([...[...this.#keep.keys()].filter((one) => one !== image && !others.includes(one)), image]);
  }

  remember(marks: Marks): void {
    this.#done = [...this.#done, marks];
  }
  forget(marks: Marks): void {
    this.#done = this.#done.filter((one) => one !== marks);
  }
}
