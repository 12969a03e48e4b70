// The last stage of a scan, on catalogues of many images that no disk holds.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addTag, tagsOf } from './annotations.ts';
import type { Folder } from './folders.ts';
import { openLibrary } from './library.ts';
import type { Library } from './library.ts';
import { reconcile } from './scan-reconcile.ts';
import { RowSet } from './scan-state.ts';
import type { ScanState } from './scan-state.ts';
import { scanStore } from './scan-store.ts';
import { fillLibrary } from './testing/large-catalogue.ts';
import { rootIdentity } from './walk.ts';

let place: string;
let library: Library;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'ijepa-reconcile-'));
  library = openLibrary(join(place, 'library'));
});
afterEach(() => {
  library.dispose();
  rmSync(place, { recursive: true, force: true });
});

interface Row {
  readonly id: number;
  readonly path: string;
  readonly status: string;
}
const rows = (folder: Folder): readonly Row[] =>
  library.database.prepare<[number], Row>('SELECT id, path, status FROM images WHERE folder_id = ? ORDER BY id').all(folder.id);

/** A scan that has met every usable file whose path `stays`, and all others in the folder `renamed`. */
async function scannedAfterRenaming(folder: Folder, stays: (path: string) => boolean): Promise<ScanState> {
  const { database } = library;
  const scanId = Number(database.prepare('INSERT INTO scans (folder_id, started_at) VALUES (?, 3)').run(folder.id).lastInsertRowid);
  const seen = new RowSet();
  const add = database.prepare(
    `INSERT INTO images (folder_id, path, folded, size, modified, content_id, status, label, scan_id)
     SELECT folder_id, 'renamed/' || path, NULL, size, 7, content_id, 'ok', 'renamed', ? FROM images WHERE id = ?`,
  );
  library.write(() => {
    for (const { id, path, status } of rows(folder)) {
      if (status === 'missing') continue;
      if (status === 'failed' || stays(path)) seen.add(id);
      else add.run(scanId, id);
    }
  });
  return {
    library,
    folder,
    scanId,
    rootIdentity: await rootIdentity(folder.path),
    store: scanStore(library, folder.id, scanId),
    counts: { missing: 0, moved: 0 },
    seen,
    unreadableFolders: new Map(),
    suspects: new Set(),
  } as unknown as ScanState;
}

describe('images whose folder was renamed', () => {
  it('keep their numbers and tags', async () => {
    const folder = fillLibrary(library, place, 250);
    const before = rows(folder);
    addTag(library, [before[3]!.id], 'best');
    const state = await scannedAfterRenaming(folder, (path) => path.endsWith('0.jpg'));
    await reconcile(state);
    const moved = before.filter(({ path, status }) => status === 'ok' && !path.endsWith('0.jpg'));
    expect(state.counts).toMatchObject({ moved: moved.length, missing: 0 });
    const paths = new Map(rows(folder).map(({ id, path }) => [id, path]));
    for (const { id, path } of moved) expect(paths.get(id)).toBe(`renamed/${path}`);
    expect(rows(folder)).toHaveLength(before.length);
    expect(tagsOf(library, before[3]!.id)).toContain('best');
    expect(library.database.pragma('foreign_key_check')).toEqual([]);
  });

  it('are followed in a time that does not grow with the folder, while others get their turn', async () => {
    /** Processor seconds for 500 renamed images among so many. */
    const seconds = async (images: number): Promise<number> => {
      const root = join(place, String(images));
      mkdirSync(root);
      const folder = fillLibrary(library, root, images, String(images));
      let renamed = 0;
      const state = await scannedAfterRenaming(folder, () => ++renamed > 500);
      let turns = 0;
      const timer = setInterval(() => turns++, 0);
      const began = process.cpuUsage();
      await reconcile(state);
      const { user, system } = process.cpuUsage(began);
      clearInterval(timer);
      expect(state.counts.moved).toBe(500);
      expect(turns).toBeGreaterThan(5);
      return (user + system) / 1e6;
    };
    const few = await seconds(600);
    // Looked up among all images of the folder each would take ten times as long.
    expect((await seconds(9_000)) / few).toBeLessThan(5);
  });
});
