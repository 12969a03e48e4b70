// What a home knows of folders of images, and the vectors it holds; nothing is made where there is no home.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { contentCounts, folderCounts, folders } from '../library/folders.ts';
import type { Folder } from '../library/folders.ts';
import { openLibrary } from '../library/library.ts';
import type { Library } from '../library/library.ts';
import { EmbeddingStore } from '../retrieval/embedding-store.ts';
import type { RowsByDevice } from '../retrieval/embedding-store.ts';
import type { Home } from './home.ts';
import { embeddingFolders } from './vectors/embedding-folders.ts';

export interface FolderSummary {
  readonly path: string;
  readonly exists: boolean;
  readonly different: number;
  readonly failed: number;
  readonly missing: number;
  readonly labels: number;
  /** Where labels come from. */
  readonly mode: Folder['labels']['kind'];
}

function summaryOf(library: Library, { id, path, labels: { kind } }: Folder): FolderSummary {
  const { failed, missing } = folderCounts(library, id);
  const { different, labels } = contentCounts(library, id);
  return { path, exists: existsSync(path), different, failed, missing, labels, mode: kind };
}

function ofFolders<T>(home: Home, look: (library: Library, folder: Folder) => T): T[] {
  if (!existsSync(join(home.path, 'catalogue.sqlite'))) return [];
  const library = openLibrary(home.path, 'read');
  try {
    return folders(library).map((folder) => look(library, folder));
  } finally {
    library.dispose();
  }
}

/** The catalogued folders of a home, by path. Throws `bad-file` for a damaged catalogue, `unsupported` for another version's. */
export const describeFolders = (home: Home): FolderSummary[] => ofFolders(home, summaryOf);

/** Their paths, where nothing is written. Throws the same. */
export const originalsOf = (home: Home): string[] => ofFolders(home, (_library, { path }) => path);

export interface VectorSummary {
  readonly run: string;
  readonly step: number;
  readonly layer: string;
  readonly rows: number;
  /** Rows by the device that has made them, as far as that was noted. */
  readonly devices: RowsByDevice;
}

/** The vectors of a home that can be read, by run and step. */
export async function describeVectors(home: Home): Promise<VectorSummary[]> {
  const found: VectorSummary[] = [];
  for (const { folder, manifest } of embeddingFolders(home)) {
    const store = await EmbeddingStore.openForReading(folder).catch(() => undefined);
    if (!store) continue;
    found.push({ run: manifest.runId, step: manifest.step, layer: manifest.layer, rows: store.rows, devices: store.devices });
    await store.dispose();
  }
  return found.toSorted((a, b) => a.run.localeCompare(b.run) || a.step - b.step);
}
