// Answers of the channels about exports.
import { basename } from 'node:path';
import type { exploreChannels } from '../../../../shared/contract/contract-explore.ts';
import type { Handlers } from '../../../../shared/contract/rpc-server.ts';
import { folderOf } from '../../../library/folders.ts';
import { readCheckpointHeader } from '../../../training/run-folder/checkpoint.ts';
import { exportBundle, holdVectors, replacedText, requireRoot } from '../../export/export.ts';
import { requireOutside } from '../../write-target.ts';
import type { EngineContext } from '../context.ts';
import { rateMeter } from '../rate.ts';
import type { Runs } from '../runs/runs.ts';
import { ExportPreviews } from './export-preview.ts';
import { defaultTarget } from './export-target.ts';

type Export = Pick<typeof exploreChannels, 'export.preview' | 'export.target' | 'export.start'>;

const size = (bytes: number): string => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

export function exportHandlers(context: EngineContext, { store }: Runs): Handlers<Export> {
  const { studio, jobs, roots } = context;
  const previews = new ExportPreviews(studio);
  /** Where a page wants an export, absolute. Rejects with `bad-input`, `not-allowed`: at once, while the form is still there to be changed. */
  const placeFor = async (target: string): Promise<string> => {
    const place = await roots.writable(target);
    await requireOutside(place, studio.originals);
    return place;
  };
  /** Weights are of no folder. Throws `not-found`. */
  const rootOf = (folder: number | undefined): string | undefined =>
    folder === undefined ? undefined : folderOf(studio.library, folder).path;
  return {
    'export.preview': async ({ folder, run, checkpoint, target, ...options }) => {
      const root = rootOf(folder);
      const planned = { ...options, root, target: await placeFor(target), checkpoint: await store.checkpoint(run, checkpoint) };
      return previews.of(planned);
    },
    'export.target': async ({ folder, run, checkpoint }) => {
      const root = rootOf(folder);
      const { step } = readCheckpointHeader(await store.checkpoint(run, checkpoint));
      return { path: await defaultTarget(context, { run, step, root }) };
    },
    'export.start': async ({ folder, run, checkpoint: which, target, ...options }) => {
      const root = rootOf(folder);
      if (holdVectors(options.formats)) requireRoot(root);
      const checkpoint = await store.checkpoint(run, which);
      const place = await placeFor(target);
      const job = jobs.start('export', { subject: basename(place), ...(folder !== undefined && { folder }), run }, async (handle) => {
        const { signal } = handle;
        const meter = rateMeter();
        handle.say('Writes the files.');
        handle.progress({ unit: 'rows' });
        const { files, replaced } = await exportBundle(studio, { ...options, checkpoint, root, target: place, signal }, ({ done, total }) =>
          handle.progress({ done, total, ...meter(done, total) }),
        );
        const made = `${files.length} files, ${size(files.reduce((bytes, file) => bytes + file.bytes, 0))}, in ${place}`;
        return replaced ? `${made}. ${replacedText(replaced)}` : made;
      });
      return { job };
    },
  };
}
