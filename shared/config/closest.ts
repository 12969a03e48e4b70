// The word that was most likely meant.

/** Letters to add, drop or change. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}

/** The nearest of the words; undefined where it is more than `most` letters away. */
export function closest(word: string, words: readonly string[], most = Infinity): string | undefined {
  const best = words.map((one) => ({ one, away: distance(word, one) })).toSorted((a, b) => a.away - b.away)[0];
  return best && best.away <= most ? best.one : undefined;
}
