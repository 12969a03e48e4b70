// Answers of the channels about weights from elsewhere.
import { basename } from 'node:path';
import type { weightsChannels } from '../../../../shared/contract/contract-weights.ts';
import type { Handlers } from '../../../../shared/contract/rpc-server.ts';
import { freeRunPath } from '../../home.ts';
import {
  checkNote,
  dropFetched,
  fetchModel,
  isModelHere,
  modelCalled,
  modelLicence,
  publishedModels,
  recordOfModel,
} from '../../runs/fetch-model.ts';
import type { EngineContext } from '../context.ts';
import type { JobHandle } from '../jobs.ts';
import { rateMeter } from '../rate.ts';
import type { Runs } from '../runs/runs.ts';
import { Imports } from './import-job.ts';
import type { ImportRequest } from './import-worker.ts';

export function weightsHandlers({ studio, jobs, roots }: EngineContext, { list }: Runs): Handlers<typeof weightsChannels> {
  const { home } = studio;
  const imports = new Imports();
  /** What came of it, in sentences. */
  const take = async (what: Omit<ImportRequest, 'home'>, handle: JobHandle): Promise<string> => {
    const { run, notes } = await imports.take({ home, ...what }, handle);
    list.changed();
    return [`It is the run ${run}.`, ...notes].join(' ');
  };
  return {
    'weights.models': () => ({
      licence: modelLicence,
      models: publishedModels.map((model) => {
        const { name, what, bytes } = model;
        return { name, what, bytes, here: isModelHere(home, model), caution: checkNote(model) };
      }),
    }),
    'weights.fetch': ({ model: name, accepted }) => {
      const model = modelCalled(name);
      const isRun = (): boolean => recordOfModel(home, model, name) !== undefined;
      // At once, not after gigabytes.
      if (!isRun()) freeRunPath(home, name);
      const job = jobs.start('weights', { subject: name }, async (handle) => {
        if (isRun()) return `It is the run ${name} already.`;
        handle.say('Fetches the files.');
        const meter = rateMeter();
        const { folder, checked } = await fetchModel(home, model, {
          accepted,
          signal: handle.signal,
          onProgress: ({ done, total = 0 }) => {
            const [megabytes, all] = [Math.round(done / 1e6), Math.round(total / 1e6)];
            handle.progress({ done: megabytes, total: all, unit: 'megabytes', ...meter(megabytes, all) });
          },
        });
        const came = await take({ path: folder, name, heads: undefined, notes: [checked] }, handle);
        dropFetched(home, model);
        return came;
      });
      return { job };
    },
    'weights.import': async ({ path, name, heads }) => {
      const readable = await roots.readable(path);
      if (name !== undefined) freeRunPath(home, name);
      const job = jobs.start('import', { subject: name ?? basename(readable) }, async (handle) =>
        take({ path: readable, name, heads, notes: [] }, handle),
      );
      return { job };
    },
  };
}
