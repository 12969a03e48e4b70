// A catalogue of many images that no disk holds, for questions of speed: folders of a thousand, labels, some failures and tags.
import { createHash } from 'node:crypto';
import { addFolder } from '../folders.ts';
import type { Folder } from '../folders.ts';
import type { Library } from '../library.ts';

/** Path of image `number`, in the order of the catalogue. */
export const largePath = (number: number): string =>
  `class-${String(Math.floor(number / 1000)).padStart(4, '0')}/Ålbum/IMG_${String(number % 1000).padStart(4, '0')}.jpg`;

/** Every 100th image failed, every 250th is missing, every tenth has the tag `tenth`. Others have other contents where `kind` is another. */
export function fillLibrary(library: Library, root: string, count: number, kind = ''): Folder {
  const folder = addFolder(library, root);
  const { database } = library;
  library.write(() => {
    const scan = Number(
      database.prepare('INSERT INTO scans (folder_id, started_at, finished_at) VALUES (?, 1, 2)').run(folder.id).lastInsertRowid,
    );
    const content = database.prepare('INSERT INTO contents (hash, size, width, height, format) VALUES (?, ?, 640, 480, ?)');
    const image = database.prepare(
      `INSERT INTO images (folder_id, path, folded, size, modified, content_id, status, label, scan_id) VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?)`,
    );
    const failure = database.prepare("INSERT INTO failures VALUES (?, 'damaged', 'The file is damaged.', 1)");
    const tag = database.prepare('INSERT INTO image_tags VALUES (?, ?)');
    database.exec("INSERT OR IGNORE INTO tags (name) VALUES ('tenth')");
    const tenth = database.prepare<[], number>("SELECT id FROM tags WHERE name = 'tenth'").pluck().get()!;
    for (let number = 0; number < count; number++) {
      const path = largePath(number);
      const status = number % 100 === 99 ? 'failed' : number % 250 === 120 ? 'missing' : 'ok';
      const hash = createHash('sha256').update(kind).update(path).digest();
      const contentId = status === 'failed' ? null : content.run(hash, 1000 + number, 'jpeg').lastInsertRowid;
      const { lastInsertRowid: id } = image.run(
        folder.id,
        path,
        path.toLowerCase().normalize('NFKC'),
        1000 + number,
        contentId,
        status,
        path.split('/')[0],
        scan,
      );
      if (status === 'failed') failure.run(id);
      if (number % 10 === 0) tag.run(id, tenth);
    }
  });
  return folder;
}
