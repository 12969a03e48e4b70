// Second stage of a scan: hashes and decodes what the survey queued. A file is marked before a decoder sees it and unmarked
// after; a mark that outlives its program makes the file a suspect, which is tried again alone and last, and left alone in the end.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DecodeFailure, DecodeResult } from '../images/decoder.ts';
import { fileHash } from './content-hash.ts';
import { decodeFile } from './decode-file.ts';
import { isEscaped, nativePath } from './file-names.ts';
import { labelsOf } from './labels.ts';
import { rootVanished } from './scan-state.ts';
import type { ScanState } from './scan-state.ts';
import type { Content, FileFacts, WorkItem } from './scan-store.ts';
import { readProblem, rootIdentity } from './walk.ts';

type Outcome =
  | { readonly kind: 'decoded'; readonly content: Content }
  | { readonly kind: 'reused'; readonly hash: string }
  | { readonly kind: 'failed'; readonly failure: DecodeFailure }
  /** Deleted since the walk. */
  | { readonly kind: 'gone' };

const failed = (reason: DecodeFailure['reason'], message: string): Outcome => ({
  kind: 'failed',
  failure: { reason, message },
});

/** What is being worked on now or waits for its commit, so that copies met at the same time are decoded once. */
interface Progress {
  /** Size in bytes → files of that size under way. */
  readonly sizes: Map<number, number>;
  /** Size → the decode of its first file, whose hash is known only afterwards. */
  readonly firstOfSize: Map<number, Promise<unknown>>;
  /** Hash → decode under way. */
  readonly hashes: Map<string, Promise<unknown>>;
  /** Hashes whose row waits for its commit. */
  readonly uncommitted: Set<string>;
}

async function markedDecode(state: ScanState, item: FileFacts): Promise<DecodeResult> {
  state.store.mark(item.path);
  try {
    return await decodeFile(state.decoder, state.folder.path, item.path, state);
  } finally {
    state.store.unmark(item.path);
  }
}

async function quarantine(state: ScanState, item: FileFacts, failure: DecodeFailure, hash?: string): Promise<void> {
  const known = hash ?? (await fileHash(nativePath(state.folder.path, item.path)).catch(() => undefined));
  if (known !== undefined)
    state.library.write(() => {
      state.store.quarantine(known, item.size, failure);
    });
}

async function decodeNew(state: ScanState, progress: Progress, item: FileFacts, hash?: string): Promise<Outcome> {
  const result = await markedDecode(state, item);
  if (!result.ok) {
    const { failure } = result;
    if (failure.reason === 'crashed-the-decoder' || failure.reason === 'too-slow') await quarantine(state, item, failure, hash);
    return { kind: 'failed', failure };
  }
  const { image } = result;
  if (state.cache && !(await state.cache.has(image.contentHash))) await state.cache.put(image.contentHash, image);
  image.release?.();
  progress.uncommitted.add(image.contentHash);
  const { contentHash, originalWidth: width, originalHeight: height, format } = image;
  return { kind: 'decoded', content: { hash: contentHash, size: item.size, width, height, format } };
}

async function known(state: ScanState, progress: Progress, hash: string): Promise<Outcome | undefined> {
  const failure = state.store.quarantined(hash);
  if (failure) return { kind: 'failed', failure };
  if (!progress.uncommitted.has(hash) && !state.store.contentKnown(hash)) return undefined;
  return state.cache === undefined || (await state.cache.has(hash)) ? { kind: 'reused', hash } : undefined;
}

async function settle(state: ScanState, progress: Progress, item: FileFacts): Promise<Outcome> {
  const { sizes, firstOfSize, hashes } = progress;
  const underWay = sizes.get(item.size) ?? 0;
  sizes.set(item.size, underWay + 1);
  if (item.size === 0) return failed('empty', 'This file is empty.');
  if (isEscaped(join(state.folder.path, item.path)) && process.platform !== 'linux')
    return failed('unreadable', 'The name of this file is not valid text here. Rename it.');
  if (underWay === 0 && !state.store.sizeKnown(item.size)) {
    const first = decodeNew(state, progress, item);
    firstOfSize.set(item.size, first);
    try {
      return await first;
    } finally {
      firstOfSize.delete(item.size);
    }
  }
  const hash = await fileHash(nativePath(state.folder.path, item.path), state.signal, item.size);
  await firstOfSize.get(item.size)?.catch(() => undefined);
  for (let other = hashes.get(hash); other; other = hashes.get(hash)) await other.catch(() => undefined);
  const before = await known(state, progress, hash);
  if (before) return before;
  const work = decodeNew(state, progress, item, hash);
  hashes.set(hash, work);
  try {
    return await work;
  } finally {
    hashes.delete(hash);
  }
}

async function isGone(state: ScanState, item: FileFacts): Promise<boolean> {
  try {
    await stat(nativePath(state.folder.path, item.path));
    return false;
  } catch {
    const now = await rootIdentity(state.folder.path).catch(() => undefined);
    if (now !== state.rootIdentity) throw rootVanished(state.folder.path);
    return true;
  }
}

/** As `settle`, with the operating system's errors as outcomes. Rejects when the root vanished and for faults that are not the file's. */
async function outcomeOf(state: ScanState, progress: Progress, item: FileFacts): Promise<Outcome> {
  let outcome: Outcome;
  try {
    outcome = await settle(state, progress, item);
  } catch (error) {
    const fromFile = error instanceof Error && 'syscall' in error && 'code' in error && error.code !== 'ENOSPC';
    if (!fromFile) throw error;
    outcome = failed('unreadable', readProblem(error, 'file'));
  }
  const unread = outcome.kind === 'failed' && outcome.failure.reason === 'unreadable';
  return unread && (await isGone(state, item)) ? { kind: 'gone' } : outcome;
}

function save(state: ScanState, progress: Progress, item: WorkItem, outcome: Outcome): void {
  const { store, counts } = state;
  const labels = labelsOf(item.path, state.rule);
  const committed = (): void => {
    const left = (progress.sizes.get(item.size) ?? 1) - 1;
    if (left > 0) progress.sizes.set(item.size, left);
    else progress.sizes.delete(item.size);
    if (outcome.kind === 'decoded') progress.uncommitted.delete(outcome.content.hash);
  };
  const add = (write: () => void): void => {
    state.batch.add(write, committed);
  };
  switch (outcome.kind) {
    case 'decoded':
      counts.decoded++;
      return add(() => {
        store.saveNew(item, outcome.content, labels);
      });
    case 'reused':
      counts.reused++;
      return add(() => {
        store.saveKnown(item, outcome.hash, labels);
      });
    case 'failed':
      counts.failed++;
      return add(() => {
        store.saveFailure(item, outcome.failure, labels);
      });
    case 'gone':
      counts.found--;
      if (item.imageId !== null) state.seen.delete(item.imageId);
      return add(() => undefined);
  }
}

const repeatedCrash: DecodeFailure = {
  reason: 'crashed-the-decoder',
  message:
    'The program ended three times while this file was being decoded, so it is left alone. Ask for another try if something else ended it.',
};

/** Endings of the program during a file's decode after which it is left alone: the first two may be chance, as when a person ends it. */
const mostAttempts = 3;

/** Marks that earlier programs left make a file a suspect, and in the end quarantine it. */
export async function recoverMarks(state: ScanState): Promise<void> {
  for (const { path, attempts } of state.store.marks()) {
    if (attempts < mostAttempts) {
      state.suspects.add(path);
      continue;
    }
    const stats = await stat(nativePath(state.folder.path, path)).catch(() => undefined);
    if (stats) {
      const file = { path, size: stats.size, modified: stats.mtimeMs };
      await quarantine(state, file, repeatedCrash);
      state.library.write(() => {
        state.store.saveFailure(file, repeatedCrash, labelsOf(path, state.rule));
      });
    }
    state.store.unmark(path);
  }
}

/** Milliseconds between looks at an empty queue while the walk goes on. */
const queuePoll = 5;

/** Works the queue off with `concurrency` files at once, then the suspects one by one. */
export async function decodeAll(state: ScanState): Promise<void> {
  const progress: Progress = { sizes: new Map(), firstOfSize: new Map(), hashes: new Map(), uncommitted: new Set() };
  const suspects: WorkItem[] = [];
  let queue: WorkItem[] = [];
  let last = 0;
  const next = async (): Promise<WorkItem | undefined> => {
    for (;;) {
      if (state.signal.aborted) return undefined;
      const item = queue.shift();
      if (item) return item;
      const { surveyed } = state;
      queue = state.store.dequeue(last, 64);
      last = queue.at(-1)?.id ?? last;
      if (queue.length > 0) continue;
      if (surveyed) return undefined;
      await sleep(queuePoll);
    }
  };
  const worker = async (): Promise<void> => {
    for (let item = await next(); item; item = await next()) {
      if (state.suspects.has(item.path)) suspects.push(item);
      else save(state, progress, item, await outcomeOf(state, progress, item));
    }
  };
  await Promise.all(Array.from({ length: state.concurrency }, worker));
  for (const item of suspects) {
    if (state.signal.aborted) return;
    save(state, progress, item, await outcomeOf(state, progress, item));
    state.suspects.delete(item.path);
  }
  state.batch.commit();
}
