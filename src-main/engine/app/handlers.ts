// All channels with their answers. A channel that is missing here does not compile.
import { jobChannels } from '../../../shared/contract-jobs.ts';
import { libraryChannels } from '../../../shared/contract-library.ts';
import { maskChannels } from '../../../shared/contract-masks.ts';
import { systemChannels } from '../../../shared/contract-system.ts';
import type { Handlers } from '../../../shared/rpc-server.ts';
import type { EngineContext } from './context.ts';
import { jobHandlers } from './job-handlers.ts';
import { libraryHandlers } from './library-handlers.ts';
import { maskHandlers } from './mask-handlers.ts';
import { systemHandlers } from './system-handlers.ts';
import { Thumbnails } from './thumbnails.ts';

export const engineContract = { ...systemChannels, ...jobChannels, ...libraryChannels, ...maskChannels } as const;

export interface EngineHandlers {
  readonly table: Handlers<typeof engineContract>;
  dispose(): Promise<void>;
}

export function engineHandlers(context: EngineContext): EngineHandlers {
  const thumbnails = new Thumbnails(context.studio);
  const masks = maskHandlers(thumbnails);
  return {
    table: {
      ...systemHandlers(context, thumbnails),
      ...jobHandlers(context),
      ...libraryHandlers(context, thumbnails),
      ...masks.table,
    },
    dispose: async () => {
      await Promise.all([thumbnails.dispose(), masks.dispose()]);
    },
  };
}
