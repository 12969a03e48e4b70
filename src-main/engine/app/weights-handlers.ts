// Answers of the channels about weights from elsewhere.
import { extname } from 'node:path';
import type { ImportedRun, weightsChannels } from '../../../shared/contract-weights.ts';
import type { Handlers } from '../../../shared/rpc-server.ts';
import { dropFetched, fetchModel, isModelHere, modelCalled, modelLicence, publishedModels } from '../fetch-model.ts';
import { runNames } from '../home.ts';
import type { EngineContext } from './context.ts';
import type { ImportRequest } from './import-worker.ts';
import { rateMeter } from './rate.ts';
import type { Runs } from './runs.ts';
import { WorkerCalls } from './worker-calls.ts';

export function weightsHandlers(
  { studio, jobs, roots }: EngineContext,
  { list }: Runs,
): { readonly table: Handlers<typeof weightsChannels>; dispose(): Promise<void> } {
  const { home } = studio;
  const worker = new WorkerCalls<ImportRequest, ImportedRun>(new URL(`./import-worker${extname(import.meta.url)}`, import.meta.url));
  // Never stopped half way: what was begun becomes a run or leaves nothing.
  const take = async (path: string, name: string | undefined): Promise<ImportedRun> => {
    const imported = await worker.call({ home, path, name });
    list.changed();
    return imported;
  };
  return {
    table: {
      'weights.models': () => ({
        licence: modelLicence,
        models: publishedModels.map(({ name, what, bytes }) => ({ name, what, bytes, here: isModelHere(home, { name }) })),
      }),
      'weights.fetch': ({ model: name, accepted }) => {
        const model = modelCalled(name);
        const job = jobs.start('weights', { subject: name }, async (handle) => {
          if (runNames(home).includes(name)) return `It is the run ${name} already.`;
          handle.say('Fetches the files.');
          const meter = rateMeter();
          const folder = await fetchModel(home, model, {
            accepted,
            signal: handle.signal,
            onProgress: ({ done, total = 0 }) => {
              const [megabytes, all] = [Math.round(done / 1e6), Math.round(total / 1e6)];
              handle.progress({ done: megabytes, total: all, unit: 'megabytes', ...meter(megabytes, all) });
            },
          });
          handle.say('Reads the weights.');
          const { notes } = await take(folder, name);
          dropFetched(home, model);
          return notes.join(' ');
        });
        return { job };
      },
      'weights.import': async ({ path, name }) => take(await roots.readable(path), name),
    },
    dispose: async () => worker.dispose(),
  };
}
