// First stage of a scan: walks the folder and compares each file's size and time with the catalogue. What is new or changed is
// queued in a temporary table, so that the walk runs ahead of the decoders in bounded memory and the total is known early.
import type { FailureReason } from '../images/decoder.ts';
import { labelsOf } from './labels.ts';
import type { ScanState } from './scan-state.ts';
import type { FileFacts, KnownImage } from './scan-store.ts';
import { walk } from './walk.ts';

/** Reasons that lie in the circumstances and not in the file: worth another try in every scan. */
const passing: ReadonlySet<FailureReason> = new Set<FailureReason>(['unreadable', 'changed-while-reading']);

function refreshLabels(state: ScanState, path: string, known: KnownImage): void {
  const labels = labelsOf(path, state.rule);
  if (labels.label !== known.label || labels.split !== known.split)
    state.batch.add(() => {
      state.store.setLabels(known.id, labels);
    });
}

function revive(state: ScanState, known: KnownImage, status: 'ok' | 'failed'): void {
  if (known.status !== status)
    state.batch.add(() => {
      state.store.setStatus(known.id, status);
    });
}

/** What is to be done with a file of which the catalogue may have a row. */
async function verdict(state: ScanState, file: FileFacts, known: KnownImage | undefined): Promise<'work' | 'ok' | 'failed'> {
  if (known?.size !== file.size || known.modified !== file.modified) return 'work';
  if (known.reason !== null) return passing.has(known.reason) ? 'work' : 'failed';
  if (known.hash === null) return 'work';
  return state.cache === undefined || (await state.cache.has(known.hash)) ? 'ok' : 'work';
}

function fail(state: ScanState, file: FileFacts, known: KnownImage | undefined, message: string): void {
  state.counts.failed++;
  const same = known?.status === 'failed' && known.size === file.size && known.modified === file.modified;
  if (!same || known.message !== message)
    state.batch.add(() => {
      state.store.saveFailure(file, { reason: 'unsupported', message }, labelsOf(file.path, state.rule));
    });
}

function failUnreadable(state: ScanState, path: string, known: KnownImage | undefined, message: string): void {
  state.counts.failed++;
  const { store, rule } = state;
  state.batch.add(() => {
    if (known) store.saveUnreadable(known.id, message);
    else store.saveFailure({ path, size: 0, modified: 0 }, { reason: 'unreadable', message }, labelsOf(path, rule));
  });
}

/** Walks the folder to its end, or until the signal. Rejects only for the root itself and for the catalogue. */
export async function survey(state: ScanState): Promise<void> {
  const { store, counts, seen } = state;
  for await (const entry of walk(state.folder.path, state.signal, state.within)) {
    switch (entry.kind) {
      case 'not-an-image':
        counts.notImages++;
        continue;
      case 'unreadable-folder':
        counts.unreadableFolders++;
        state.unreadableFolders.set(entry.path, entry.message);
        continue;
      case 'vanished-folder':
        continue;
      case 'image':
      case 'unsupported':
      case 'unreadable-file': {
        counts.found++;
        const known = store.find(entry.path);
        if (known) {
          seen.add(known.id);
          refreshLabels(state, entry.path, known);
        }
        if (entry.kind === 'unsupported') fail(state, entry, known, entry.message);
        else if (entry.kind === 'unreadable-file') failUnreadable(state, entry.path, known, entry.message);
        else {
          const answer = await verdict(state, entry, known);
          if (answer === 'work') store.enqueue(entry, known?.id ?? null);
          else {
            counts[answer === 'ok' ? 'unchanged' : 'failed']++;
            if (known) revive(state, known, answer);
          }
        }
      }
    }
  }
  state.surveyed = !state.signal.aborted;
}
