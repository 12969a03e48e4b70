// How far a folder's rows have changed, so that what was read of it can be kept: counted by triggers that only this connection has,
// row by row as they change, beside the commits of other connections.
import type { Database } from 'better-sqlite3';

const triggers = `
  CREATE TEMP TRIGGER count_added AFTER INSERT ON main.images BEGIN SELECT folder_contents_changed(new.folder_id); END;
  CREATE TEMP TRIGGER count_gone AFTER DELETE ON main.images BEGIN SELECT folder_contents_changed(old.folder_id); END;
  CREATE TEMP TRIGGER count_contents AFTER UPDATE OF content_id, status ON main.images
    BEGIN SELECT folder_contents_changed(new.folder_id); END;
  CREATE TEMP TRIGGER count_labels AFTER UPDATE OF path, label, split ON main.images
    BEGIN SELECT folder_labels_changed(new.folder_id); END;
`;

export class FolderStamps {
  readonly #database: Database;
  readonly #contents = new Map<number, number>();
  readonly #labels = new Map<number, number>();

  constructor(database: Database) {
    this.#database = database;
    const counter = (counts: Map<number, number>) => (folder: unknown) => {
      counts.set(Number(folder), (counts.get(Number(folder)) ?? 0) + 1);
      return null;
    };
    database.function('folder_contents_changed', counter(this.#contents));
    database.function('folder_labels_changed', counter(this.#labels));
    database.exec(triggers);
  }

  #others(): string {
    return String(this.#database.pragma('data_version', { simple: true }));
  }

  /** Changes whenever an image of the folder comes, goes, or gets another content or status. */
  contents(folder: number): string {
    return `${this.#others()} ${this.#contents.get(folder) ?? 0}`;
  }

  /** The same, and whenever one gets another path, label or split. */
  images(folder: number): string {
    return `${this.contents(folder)} ${this.#labels.get(folder) ?? 0}`;
  }
}
