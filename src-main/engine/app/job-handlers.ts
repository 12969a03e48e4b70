// Answers of the channels about long work.
import type { jobChannels } from '../../../shared/contract/contract-jobs.ts';
import type { Handlers } from '../../../shared/contract/rpc-server.ts';
import type { EngineContext } from './context.ts';

export const jobHandlers = ({ jobs }: EngineContext): Handlers<typeof jobChannels> => ({
  'jobs.watch': async (_input, { signal, emit }) =>
    new Promise<void>((resolve) => {
      const stop = jobs.watch(emit);
      signal.addEventListener('abort', () => {
        stop();
        resolve();
      });
    }),
  'jobs.cancel': ({ job }) => jobs.cancel(job),
  'jobs.wait': async ({ job }) => jobs.wait(job),
});
