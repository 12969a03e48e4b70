// Pictures of one thing by several makers: `<vendor>/<code>.png`.
export interface Picture {
  readonly hash: string;
  readonly path: string;
}

export interface Twins {
  readonly hashes: readonly string[];
  /** Number of the thing, and of the maker, of each picture. */
  readonly groups: Uint32Array;
  readonly sources: Uint32Array;
}

/** A small hash of a name (FNV-1a), for a split that does not follow its order. */
function scatter(name: string): number {
  let hash = 0x811c9dc5;
  for (const letter of name) hash = Math.imul(hash ^ letter.codePointAt(0)!, 0x01000193) >>> 0;
  return hash;
}

/** The pictures that choose a recipe or report on it: one half of the things each, all makers of a thing in the same half. */
export function twinsOf(pictures: readonly Picture[], purpose: 'choosing' | 'reporting'): Twins {
  const named = pictures
    .map(({ hash, path }) => ({ hash, thing: path.split('/').at(-1)!, maker: path.split('/').at(-2) ?? '' }))
    .filter(({ thing }) => (scatter(thing) >>> 8) % 2 === (purpose === 'choosing' ? 0 : 1));
  const things = new Map([...new Set(named.map(({ thing }) => thing))].map((thing, i) => [thing, i]));
  const makers = new Map([...new Set(named.map(({ maker }) => maker))].map((maker, i) => [maker, i]));
  return {
    hashes: named.map(({ hash }) => hash),
    groups: Uint32Array.from(named, ({ thing }) => things.get(thing)!),
    sources: Uint32Array.from(named, ({ maker }) => makers.get(maker)!),
  };
}
