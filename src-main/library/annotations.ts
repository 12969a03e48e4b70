// What a person says about images: tags.
import { AppError } from '../../shared/errors.ts';
import type { Library } from './library.ts';

function tagName(name: string): string {
  const text = name.trim().normalize('NFC');
  if (text === '') throw new AppError('bad-input', 'A tag needs a name.', 'Type at least one letter.');
  return text;
}

/** Adds a tag (trimmed, NFC) to images by number; those that have it already keep it. Returns how many got it. Throws `bad-input` for an empty name. */
export function addTag(library: Library, imageIds: readonly number[], name: string): number {
  const text = tagName(name);
  return library.write(() => {
    library.database.prepare('INSERT OR IGNORE INTO tags (name) VALUES (?)').run(text);
    const add = library.database.prepare(
      `INSERT OR IGNORE INTO image_tags SELECT i.id, t.id FROM images i, tags t WHERE i.id = ? AND t.name = ?`,
    );
    return imageIds.reduce((count, id) => count + add.run(id, text).changes, 0);
  });
}

/** Takes a tag from images and returns how many had it; a tag that no image has any more is forgotten. */
export function removeTag(library: Library, imageIds: readonly number[], name: string): number {
  const text = tagName(name);
  return library.write(() => {
    const remove = library.database.prepare('DELETE FROM image_tags WHERE image_id = ? AND tag_id = (SELECT id FROM tags WHERE name = ?)');
    const count = imageIds.reduce((sum, id) => sum + remove.run(id, text).changes, 0);
    library.database.prepare('DELETE FROM tags WHERE name = ? AND NOT EXISTS (SELECT 1 FROM image_tags WHERE tag_id = tags.id)').run(text);
    return count;
  });
}

/** The tags of an image, by name. */
export function tagsOf(library: Library, imageId: number): string[] {
  return library.run(() =>
    library.database
      .prepare<[number], string>('SELECT t.name FROM image_tags it JOIN tags t ON t.id = it.tag_id WHERE it.image_id = ? ORDER BY t.name')
      .pluck()
      .all(imageId),
  );
}

/** All tags with the number of images that have them, by name. */
export function tags(library: Library): { readonly name: string; readonly images: number }[] {
  return library.run(() =>
    library.database
      .prepare<[], { name: string; images: number }>(
        `SELECT t.name, count(it.image_id) AS images FROM tags t LEFT JOIN image_tags it ON it.tag_id = t.id
         GROUP BY t.id ORDER BY t.name`,
      )
      .all(),
  );
}
