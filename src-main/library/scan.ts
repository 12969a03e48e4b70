// Brings the catalogue up to date with a folder, telling as it goes. Stages: survey → decode (at the same time) → reconcile.
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DecodeSettings } from '../../shared/config/preprocessing.ts';
import { AppError, systemError } from '../../shared/errors.ts';
import type { Decoder } from '../images/decoder.ts';
import { databaseError } from './database.ts';
import { addFolder } from './folders.ts';
import type { Folder } from './folders.ts';
import { labelRule, unknownFiles } from './labels.ts';
import type { LabelMode } from './labels.ts';
import type { Library } from './library.ts';
import { decodeAll, recoverMarks } from './scan-decode.ts';
import { reconcile } from './scan-reconcile.ts';
import { RowSet, WriteBatch, cancelled, rootVanished, zeroCounts } from './scan-state.ts';
import type { ScanCache, ScanCounts, ScanState } from './scan-state.ts';
import { scanStore } from './scan-store.ts';
import { survey } from './scan-survey.ts';
import { rootIdentity } from './walk.ts';

export interface ScanOptions {
  /** Not disposed by the scan. */
  readonly decoder: Decoder;
  /** Gets each decoded image; a content that it lacks is decoded even when the file has not changed. */
  readonly cache?: ScanCache;
  readonly settings: DecodeSettings;
  /** Shorter side of decoded images, pixels. */
  readonly shortSide: number;
  readonly signal?: AbortSignal;
  /** Links that leave both the folder and these are not followed; by default all are. */
  readonly within?: readonly string[];
  /** Where labels come from; kept for the next scan. Without it: as last time, at first from the folders. */
  readonly labels?: LabelMode;
  /** Files under way at once; by default four per core, so that no decoder waits for the next file. */
  readonly concurrency?: number;
}

export type ScanEvent =
  /** At most ten a second; `surveyed` says that `found` is final. */
  | { readonly type: 'progress'; readonly counts: ScanCounts; readonly surveyed: boolean }
  | {
      readonly type: 'finished';
      readonly counts: ScanCounts;
      readonly folder: Folder;
      readonly seconds: number;
      /** Sentences about the table of labels: bad lines, and files that it names and the folder lacks. */
      readonly labelProblems: readonly string[];
    };

const eventMilliseconds = 100;
const maxConcurrency = 64;
const running = new WeakSet<Library>();

async function begin(library: Library, rootPath: string, options: ScanOptions, signal: AbortSignal): Promise<ScanState> {
  const identity = await rootIdentity(rootPath);
  const rule = options.labels ? await labelRule(options.labels) : undefined;
  const folder = addFolder(library, rootPath, options.labels);
  const scanId = library.write(() =>
    Number(library.database.prepare('INSERT INTO scans (folder_id, started_at) VALUES (?, ?)').run(folder.id, Date.now()).lastInsertRowid),
  );
  const state: ScanState = {
    library,
    folder,
    scanId,
    rootIdentity: identity,
    rule: rule ?? (await labelRule(folder.labels)),
    store: library.run(() => scanStore(library, folder.id, scanId)),
    batch: new WriteBatch(library),
    decoder: options.decoder,
    cache: options.cache,
    settings: options.settings,
    shortSide: options.shortSide,
    concurrency: Math.max(1, options.concurrency ?? Math.min(maxConcurrency, 4 * availableParallelism())),
    signal,
    within: options.within,
    counts: zeroCounts(),
    seen: new RowSet(),
    unreadableFolders: new Map(),
    suspects: new Set(),
    surveyed: false,
  };
  await recoverMarks(state);
  return state;
}

function imagesPresent(state: ScanState): number {
  const count = state.library.database
    .prepare<[number], number>("SELECT count(*) FROM images WHERE folder_id = ? AND status <> 'missing'")
    .pluck();
  return count.get(state.folder.id) ?? 0;
}

/** An empty folder that used to hold images is most often the place of a drive that is not connected. */
function refuseEmptied(state: ScanState): void {
  if (state.counts.found > 0 || state.unreadableFolders.size > 0) return;
  const before = imagesPresent(state);
  if (before > 0)
    throw new AppError(
      'not-found',
      `The folder ${state.folder.path} is empty, but the library knows ${before} images in it.`,
      'If it lies on a drive, connect the drive and read the folder again; if the images are gone for good, remove the folder from the library.',
    );
}

async function runStages(state: ScanState, stop: AbortController): Promise<void> {
  const surveyed = survey(state).then(() => {
    if (!state.signal.aborted) refuseEmptied(state);
  });
  try {
    await Promise.all(
      [surveyed, decodeAll(state)].map(async (stage) =>
        stage.catch((error: unknown) => {
          stop.abort(error);
          throw error;
        }),
      ),
    );
  } finally {
    await surveyed.catch(() => undefined);
    state.batch.commit();
  }
  if (state.signal.aborted) throw cancelled();
  await reconcile(state);
}

function labelProblems(state: ScanState): string[] {
  if (state.rule.kind !== 'csv') return [];
  const paths = state.library.database
    .prepare<[number], string>("SELECT path FROM images WHERE folder_id = ? AND status <> 'missing'")
    .pluck();
  const unknown = unknownFiles(state.rule.table, paths.iterate(state.folder.id));
  return [...state.rule.table.problems, ...unknown.map((file) => `${file} is in the table but not in the folder.`)];
}

async function translated(error: unknown, state: ScanState, asked: boolean): Promise<unknown> {
  if (asked) return cancelled();
  if (error instanceof AppError) return error;
  const now = await rootIdentity(state.folder.path).catch(() => undefined);
  if (now !== state.rootIdentity) return rootVanished(state.folder.path);
  return systemError(error) ?? databaseError(error, state.library.file);
}

/**
 * Scans a folder into the library. Files with the size and time of their row are skipped, others are hashed or decoded; a file
 * that fails becomes a row with its reason. Rows are committed every 200 or 250 ms, so the scan may be killed at any moment and
 * started again. Ending the iteration early stops the scan. Throws `not-found` (no such folder, or it vanished: nothing is marked
 * missing then), `bad-input` (not a folder), `cancelled` (by the signal), `locked` (read-only library, or another scan runs),
 * `disk-full`, `bad-file` (catalogue or table of labels), and what the decoder throws when it cannot work at all.
 */
export async function* scan(library: Library, rootPath: string, options: ScanOptions): AsyncGenerator<ScanEvent> {
  if (running.has(library))
    throw new AppError('locked', 'Another folder of this library is being read.', 'Wait for it to end, or stop it.');
  running.add(library);
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const started = performance.now();
  let job: Promise<void> | undefined;
  try {
    if (signal.aborted) throw cancelled();
    const state = await begin(library, rootPath, options, signal);
    let failure: { readonly error: unknown } | undefined;
    let done = false;
    job = runStages(state, stop).then(
      () => {
        done = true;
      },
      (error: unknown) => {
        failure = { error };
        done = true;
      },
    );
    while (!done) {
      const tick = new AbortController();
      await Promise.race([job, sleep(eventMilliseconds, undefined, { signal: tick.signal }).catch(() => undefined)]);
      tick.abort();
      if (done) break;
      state.batch.commitIfDue();
      yield { type: 'progress', counts: { ...state.counts }, surveyed: state.surveyed };
    }
    if (failure) throw await translated(failure.error, state, options.signal?.aborted ?? false);
    yield {
      type: 'finished',
      counts: { ...state.counts },
      folder: state.folder,
      seconds: (performance.now() - started) / 1000,
      labelProblems: library.run(() => labelProblems(state)),
    };
  } finally {
    stop.abort();
    await job;
    running.delete(library);
  }
}
