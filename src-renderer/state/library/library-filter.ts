// What is filtered, as the parts that a person sees and takes away one by one.
import type { ImageFilter } from '../../../shared/contract/contract-library.ts';

export type FilterKey = keyof ImageFilter;
export interface FilterPart {
  readonly key: FilterKey;
  /** `null`: without one. */
  readonly value: string | null;
}

const order: readonly FilterKey[] = ['search', 'below', 'label', 'split', 'status', 'tag'];

export function partsOf(filter: ImageFilter): readonly FilterPart[] {
  return order.flatMap((key) => {
    const value = filter[key];
    return value === undefined ? [] : [{ key, value }];
  });
}

export function without(filter: ImageFilter, key: FilterKey): ImageFilter {
  const { [key]: _gone, ...rest } = filter;
  return rest;
}

/** The filter with a value; the value that it has already takes it away. */
export function toggled<K extends FilterKey>(filter: ImageFilter, key: K, value: NonNullable<ImageFilter[K]> | null): ImageFilter {
  return filter[key] === value ? without(filter, key) : { ...filter, [key]: value };
}
