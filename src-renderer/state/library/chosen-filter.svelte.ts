// What a person filters the library by: values that are chosen and taken away, and words that count once the typing rests.
import type { ImageFilter } from '../../../shared/contract/contract-library.ts';
import { partsOf, toggled, without } from './library-filter.ts';
import type { FilterKey, FilterPart } from './library-filter.ts';

/** Milliseconds. */
const searchDelay = 250;

export class ChosenFilter {
  readonly #onChange: () => void;
  #value = $state.raw<ImageFilter>({});
  #typed = $state.raw('');
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `onChange`: a person chose another filter. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get value(): ImageFilter {
    return this.#value;
  }
  get parts(): readonly FilterPart[] {
    return partsOf(this.#value);
  }
  /** What stands in the search field, ahead of the filter by a moment. */
  get typed(): string {
    return this.#typed;
  }

  set(filter: ImageFilter): void {
    this.#put(filter);
    this.#onChange();
  }
  toggle<K extends FilterKey>(key: K, value: NonNullable<ImageFilter[K]> | null): void {
    this.set(toggled(this.#value, key, value));
  }
  takeAway(key: FilterKey): void {
    this.set(without(this.#value, key));
  }
  /** Searches when the typing rests. */
  type(text: string): void {
    this.#typed = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const rest = without(this.#value, 'search');
      const wanted = text.trim();
      if (wanted === (this.#value.search ?? '')) return;
      this.set(wanted ? { ...rest, search: wanted } : rest);
      this.#typed = text;
    }, searchDelay);
  }

  /** Another folder begins with none, which is no choice of a person. */
  forget(): void {
    this.#put({});
  }

  #put(filter: ImageFilter): void {
    clearTimeout(this.#timer);
    this.#value = filter;
    this.#typed = filter.search ?? '';
  }
}
