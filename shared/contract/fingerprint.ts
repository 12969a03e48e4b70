// Data as one word, the same in the engine's sources and in the page's minified build: values count, the text of functions does not.

/** FNV-1a of 32 bits: it tells builds apart and guards against nobody. */
function mix(state: number, text: string): number {
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return state;
}

/** Eight hexadecimal digits. The order of keys makes no difference; keys that begin with `~` are the inner parts of the schemas' library. */
export function fingerprint(value: unknown): string {
  // Schemas are made of each other: each is read once.
  const known = new Map<object, string>();
  const nameOf = (part: unknown): string => {
    if (typeof part === 'function') return 'function';
    if (typeof part === 'string') return JSON.stringify(part);
    if (typeof part !== 'object' || part === null || part instanceof RegExp) return String(part);
    const before = known.get(part);
    if (before !== undefined) return before;
    let state = mix(0x811c9dc5, Array.isArray(part) ? '[' : '{');
    for (const key of Object.keys(part).toSorted()) {
      if (key.startsWith('~')) continue;
      const inner = (part as Record<string, unknown>)[key];
      if (inner !== undefined) state = mix(state, `${JSON.stringify(key)}:${nameOf(inner)},`);
    }
    const name = (state >>> 0).toString(16).padStart(8, '0');
    known.set(part, name);
    return name;
  };
  return nameOf(value);
}
