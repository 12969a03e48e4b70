// Answers of the channels about exports.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import type { exploreChannels } from '../../../shared/contract-explore.ts';
import type { Handlers } from '../../../shared/rpc-server.ts';
import { folderOf } from '../../library/folders.ts';
import { readCheckpointHeader } from '../../training/checkpoint.ts';
import { exportBundle, replacedText } from '../export.ts';
import type { EngineContext } from './context.ts';
import { ExportPreviews } from './export-preview.ts';
import { rateMeter } from './rate.ts';
import type { Runs } from './runs.ts';

type Export = Pick<typeof exploreChannels, 'export.preview' | 'export.target' | 'export.start'>;

const size = (bytes: number): string => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** Where exports go when nothing is chosen: a folder of its own for each checkpoint, in the first place that may be used. */
function defaultTarget({ roots }: EngineContext, run: string, step: number): string {
  const documents = join(homedir(), 'Documents');
  const place = roots.folders?.[0] ?? (existsSync(documents) ? documents : homedir());
  return join(place, 'ijepa-studio-exports', `${run}-step-${step}`);
}

export function exportHandlers(context: EngineContext, { store }: Runs): Handlers<Export> {
  const { studio, jobs, roots } = context;
  const previews = new ExportPreviews(studio);
  return {
    'export.preview': async ({ folder, run, checkpoint, target, ...options }) => {
      const { path: root } = folderOf(studio.library, folder);
      return previews.of({ ...options, root, target: await roots.writable(target), checkpoint: await store.checkpoint(run, checkpoint) });
    },
    'export.target': async ({ run, checkpoint }) => {
      const { step } = readCheckpointHeader(await store.checkpoint(run, checkpoint));
      return { path: defaultTarget(context, run, step) };
    },
    'export.start': async ({ folder, run, checkpoint: which, target, ...options }) => {
      const { path: root } = folderOf(studio.library, folder);
      const checkpoint = await store.checkpoint(run, which);
      const place = await roots.writable(target);
      const job = jobs.start('export', { subject: basename(place), folder, run }, async (handle) => {
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
