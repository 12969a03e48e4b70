// What is looked for: pictures that results should be like, and pictures that they should not be like. It stands in the address, so that
// back, forward, a reload and a link do what people expect: `#/explore?folder=1&images=12,u3&not=40`, where `u3` is a picture from outside.
import type { QueryImage } from '../../../shared/contract/contract-explore.ts';

export interface Query {
  readonly plus: readonly QueryImage[];
  readonly minus: readonly QueryImage[];
}

export type Side = 'plus' | 'minus';

/** The engine takes as many on each side. */
export const mostOfSide = 32;
export const emptyQuery: Query = { plus: [], minus: [] };

export const keyOf = (part: QueryImage): string => ('image' in part ? String(part.image) : `u${part.upload}`);

function parse(list: string | undefined): readonly QueryImage[] {
  const keys = new Set((list ?? '').split(',').filter((key) => /^u?[1-9]\d{0,9}$/.test(key)));
  return [...keys]
    .map((key) => (key.startsWith('u') ? { upload: Number(key.slice(1)) } : { image: Number(key) }))
    .filter((part) => ('image' in part ? part.image : part.upload) < 2 ** 31)
    .slice(0, mostOfSide);
}

/** Reads an address; what makes no sense in it is left out. A picture cannot be on both sides: liked wins. */
export function parseQuery(about: Readonly<Record<string, string>>): Query {
  const plus = parse(about['images']);
  const liked = new Set(plus.map(keyOf));
  return { plus, minus: parse(about['not']).filter((part) => !liked.has(keyOf(part))) };
}

export const isEmpty = ({ plus, minus }: Query): boolean => plus.length + minus.length === 0;

/** The folder whose pictures an address is about, if it says so. */
export function folderOf(about: Readonly<Record<string, string>>): number | undefined {
  const folder = Number(about['folder']);
  return Number.isSafeInteger(folder) && folder > 0 ? folder : undefined;
}

/** With the folder: its pictures are no query in another one, to which a page that is gone back to may have been turned meanwhile. */
export function addressOf({ plus, minus }: Query, folder?: number): Readonly<Record<string, string>> {
  return {
    ...(folder !== undefined && plus.length + minus.length > 0 && { folder: String(folder) }),
    ...(plus.length > 0 && { images: plus.map(keyOf).join(',') }),
    ...(minus.length > 0 && { not: minus.map(keyOf).join(',') }),
  };
}

export function without({ plus, minus }: Query, part: QueryImage): Query {
  const others = (list: readonly QueryImage[]): readonly QueryImage[] => list.filter((one) => keyOf(one) !== keyOf(part));
  return { plus: others(plus), minus: others(minus) };
}

/** Images of the library that are on neither side. */
export function notIn({ plus, minus }: Query, images: Iterable<number>): readonly number[] {
  const keys = new Set([...plus, ...minus].map(keyOf));
  return [...images].filter((image) => !keys.has(keyOf({ image })));
}

/** Puts pictures on a side, from the other one too; those beyond the limit are left out. */
export function withParts(query: Query, parts: readonly QueryImage[], side: Side): Query {
  const before = parts.reduce(without, query);
  // One picture moved to its own side keeps its place.
  const rest = parts.filter((part) => !query[side].some((one) => keyOf(one) === keyOf(part)));
  return { ...before, [side]: [...query[side], ...rest].slice(0, mostOfSide) };
}
