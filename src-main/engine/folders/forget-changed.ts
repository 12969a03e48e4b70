// Files that this version decodes otherwise than the one before, where the catalogue can tell which: their pictures and vectors are made anew,
// those of all others stay.
import { forgetPictures } from '../../images/cache-space.ts';
import type { Library } from '../../library/library.ts';
import { forgetVectors } from '../../retrieval/forget-vectors.ts';
import type { Home } from '../home.ts';

/** Does what a step of the catalogue has left to be done, once. What another program holds open is left for the next time. */
export function forgetChanged({ cache, embeddings }: Pick<Home, 'cache' | 'embeddings'>, library: Library): void {
  const { database } = library;
  const format = library.run(() => database.prepare<[], string>("SELECT value FROM settings WHERE key = 'decode-again'").pluck().get());
  if (format === undefined) return;
  const hashes = library.run(() =>
    database.prepare<[string], string>('SELECT lower(hex(hash)) FROM contents WHERE format = ?').pluck().all(format),
  );
  try {
    forgetPictures(cache, new Set(hashes));
    forgetVectors(embeddings, new Set(hashes));
  } catch {
    return;
  }
  library.write(() => database.exec("DELETE FROM settings WHERE key = 'decode-again'"));
}
