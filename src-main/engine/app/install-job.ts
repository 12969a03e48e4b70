// TensorFlow's native part as a page asks for it: fetched, or from archives of the engine's computer that the page may name.
import type { JobStarted } from '../../../shared/contract/contract-jobs.ts';
import { AppError } from '../../../shared/errors.ts';
import { installTensorflow, offerTensorflow, requireFiles, tensorflowOffer } from '../devices/install-tensorflow.ts';
import type { InstallTools } from '../devices/install-tensorflow.ts';
import type { PartKind } from '../devices/tensorflow-archive.ts';
import type { EngineContext } from './context.ts';
import { rateMeter } from './rate.ts';

/**
 * Starts it. Rejects before anything is begun: with `not-allowed` for a file outside the roots, `unsupported` where no card could use it, and
 * what `requireFiles` throws for files that are others.
 */
export async function installJob(
  { jobs, roots, studio }: EngineContext,
  named: Readonly<Record<PartKind, string | undefined>>,
  tools?: InstallTools,
): Promise<JobStarted> {
  const files: Partial<Record<PartKind, string>> = {};
  for (const kind of ['library', 'binding'] as const) if (named[kind] !== undefined) files[kind] = await roots.readable(named[kind]);
  const offer = tensorflowOffer(studio.home, (await studio.devices.list()).cards);
  if (!offer)
    throw new AppError('unsupported', 'No TensorFlow is published that could use a graphics card of this computer.', 'Train with WebGPU.');
  requireFiles(files, tools);
  const job = jobs.start('install', { subject: `TensorFlow ${offer.version}` }, async (handle) => {
    let meter = rateMeter();
    let measured: string | undefined;
    const options = {
      files,
      signal: handle.signal,
      onStage: (stage: string) => {
        // The end of unpacking and loading is not known.
        handle.progress({ done: 0, total: 0, unit: '', rate: 0 });
        handle.say(stage);
      },
      onProgress: ({ file, done, total = 0 }: { readonly file: string; readonly done: number; readonly total: number | undefined }) => {
        if (file !== measured) [meter, measured] = [rateMeter(), file];
        const [megabytes, all] = [Math.round(done / 1e6), Math.round(total / 1e6)];
        handle.progress({ done: megabytes, total: all, unit: 'megabytes', ...meter(megabytes, all) });
      },
    };
    const { version } = await installTensorflow(studio.home, options, tools);
    offerTensorflow(studio.home);
    return `TensorFlow ${version} loads; test this computer to have it tried.`;
  });
  return { job };
}
