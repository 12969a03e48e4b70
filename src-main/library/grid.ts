// The images of a folder as a grid shows them: any page at once, however far down, and all numbers for a selection. The order of a
// filter is kept as one number per image until the catalogue changes, and made in pieces so that the engine answers meanwhile.
import { setImmediate as breathe } from 'node:timers/promises';
import { filterOf } from './catalogue.ts';
import type { ImageQuery, ImageStatus } from './catalogue.ts';
import { folderOf } from './folders.ts';
import type { Library } from './library.ts';

export interface GridRow {
  readonly id: number;
  /** Relative to the root, with `/`; text form of file-names.ts. */
  readonly path: string;
  readonly status: ImageStatus;
  readonly label: string | null;
  /** Upright, pixels; 0 where it was never read. */
  readonly width: number;
  readonly height: number;
}

export type GridFilter = Omit<ImageQuery, 'root'>;

interface Order {
  /** State of the catalogue that it was made from. */
  readonly changes: string;
  readonly ids: Promise<Int32Array>;
}

/** Rows looked at before others get their turn: some milliseconds. */
const pieceRows = 10_000;
/** Above every path: nothing is beyond the largest code point there is. */
const lastPath = '\u{10ffff}\u{10ffff}';
/** Orders kept: four bytes per image each. */
const keptOrders = 8;

export class ImageGrid {
  readonly #library: Library;
  readonly #orders = new Map<string, Order>();

  constructor(library: Library) {
    this.#library = library;
  }

  /** Numbers of the images that a filter leaves, by path in byte order. Not to be written to. Throws `not-found`. */
  async ids(folder: number, filter: GridFilter): Promise<Int32Array> {
    folderOf(this.#library, folder);
    const key = JSON.stringify([folder, ...Object.entries(filter).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
    const changes = this.#changes();
    let order = this.#orders.get(key);
    this.#orders.delete(key);
    if (order?.changes !== changes) {
      const ids = this.#collect(folder, filter);
      ids.catch(() => this.#orders.delete(key));
      order = { changes, ids };
    }
    this.#orders.set(key, order);
    if (this.#orders.size > keptOrders) this.#orders.delete(this.#orders.keys().next().value!);
    return order.ids;
  }

  /** A text that changes with the catalogue: rows written by this connection, and commits of a thread beside it. */
  #changes(): string {
    const { database } = this.#library;
    return this.#library.run(() => {
      const own = database.prepare<[], number>('SELECT total_changes()').pluck().get()!;
      return `${own} ${String(database.pragma('data_version', { simple: true }))}`;
    });
  }

  async #collect(folder: number, filter: GridFilter): Promise<Int32Array> {
    const { database } = this.#library;
    // The subfolder is the range of the pieces: the index takes one range, and theirs is within it.
    const { below, ...rest } = filter;
    const isBelow = below !== undefined && below !== '';
    const end = isBelow ? `${below}0` : lastPath;
    const { sql, values } = filterOf(this.#library, { ...rest, root: folder });
    const { boundary, some } = this.#library.run(() => ({
      boundary: database
        .prepare<[number, string, string, number], string>(
          'SELECT path FROM images WHERE folder_id = ? AND path > ? AND path < ? ORDER BY path LIMIT 1 OFFSET ?',
        )
        .pluck(),
      some: database
        .prepare<(string | number)[], number>(`SELECT i.id FROM images i WHERE ${sql} AND i.path > ? AND i.path <= ? ORDER BY i.path`)
        .pluck(),
    }));
    const pieces: number[][] = [];
    for (let after = isBelow ? `${below}/` : '', last = false; !last;) {
      const until = this.#library.run(() => boundary.get(folder, after, end, pieceRows - 1));
      last = until === undefined;
      pieces.push(this.#library.run(() => some.all(...values, after, until ?? end)));
      after = until ?? after;
      if (!last) await breathe();
    }
    const ids = new Int32Array(pieces.reduce((count, piece) => count + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      ids.set(piece, at);
      at += piece.length;
    }
    return ids;
  }

  /** Some rows from `offset` on, and how many there are in all. Throws `not-found`. */
  async page(
    folder: number,
    filter: GridFilter,
    offset: number,
    limit: number,
  ): Promise<{ readonly total: number; readonly rows: readonly GridRow[] }> {
    const ids = await this.ids(folder, filter);
    const rows = this.#library.run(() =>
      this.#library.database
        .prepare<[string], GridRow>(
          `SELECT i.id, i.path, i.status, i.label, coalesce(c.width, 0) AS width, coalesce(c.height, 0) AS height
           FROM json_each(?) wanted JOIN images i ON i.id = wanted.value LEFT JOIN contents c ON c.id = i.content_id ORDER BY wanted.key`,
        )
        .all(JSON.stringify([...ids.subarray(offset, offset + limit)])),
    );
    return { total: ids.length, rows };
  }

  /** Where an image stands, −1 when the filter hides it. Throws `not-found` for an unknown folder. */
  async position(folder: number, filter: GridFilter, image: number): Promise<number> {
    return (await this.ids(folder, filter)).indexOf(image);
  }
}
