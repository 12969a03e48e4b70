// What the images of a folder can be filtered by, with counts.
import { setImmediate as breathe } from 'node:timers/promises';
import { countsBy } from './catalogue.ts';
import { folderOf } from './folders.ts';
import type { Library } from './library.ts';

export interface Facet {
  readonly value: string | null;
  readonly images: number;
}

/** Paths read before others get their turn. */
const pieceRows = 5000;

/** Subfolders with images anywhere below them, by path: the shallowest first where there are more than `most`. Throws `not-found`. */
export async function subfolders(library: Library, root: string | number, most: number): Promise<Facet[]> {
  const { id } = folderOf(library, root);
  const paths = library.database
    .prepare<[number, string, number], string>('SELECT path FROM images WHERE folder_id = ? AND path > ? ORDER BY path LIMIT ?')
    .pluck();
  const counts = new Map<string, number>();
  for (let after: string | undefined = ''; after !== undefined;) {
    const piece: readonly string[] = library.run(() => paths.all(id, after!, pieceRows));
    for (const path of piece)
      for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
        const folder = path.slice(0, at);
        counts.set(folder, (counts.get(folder) ?? 0) + 1);
      }
    after = piece.length === pieceRows ? piece.at(-1) : undefined;
    await breathe();
  }
  const depth = (path: string): number => path.split('/').length;
  const found = [...counts].map(([value, images]) => ({ value, images }));
  const kept = found.length <= most ? found : found.toSorted((a, b) => depth(a.value) - depth(b.value)).slice(0, most);
  return kept.toSorted((a, b) => (a.value < b.value ? -1 : 1));
}

/** Tags of a folder's images, the most frequent first. */
function tagCounts(library: Library, folderId: number): Facet[] {
  return library.run(() =>
    library.database
      .prepare<[number], Facet>(
        `SELECT t.name AS value, count(*) AS images FROM image_tags it JOIN images i ON i.id = it.image_id JOIN tags t ON t.id = it.tag_id
         WHERE i.folder_id = ? GROUP BY t.id ORDER BY 2 DESC, 1`,
      )
      .all(folderId),
  );
}

/** Counts by label, split, status and tag, largest first, and by subfolder. Throws `not-found`. */
export async function facets(
  library: Library,
  root: string | number,
  mostFolders: number,
): Promise<Readonly<Record<'labels' | 'splits' | 'statuses' | 'tags' | 'folders', readonly Facet[]>>> {
  const { id } = folderOf(library, root);
  const labels = countsBy(library, 'label', { root: id });
  await breathe();
  const splits = countsBy(library, 'split', { root: id });
  await breathe();
  const statuses = countsBy(library, 'status', { root: id });
  await breathe();
  const tags = tagCounts(library, id);
  return { labels, splits, statuses, tags, folders: await subfolders(library, id, mostFolders) };
}
