// All channels with their answers. A channel that is missing here does not compile.
import { duplicateChannels } from '../../../shared/contract/contract-duplicates.ts';
import { exploreChannels } from '../../../shared/contract/contract-explore.ts';
import { jobChannels } from '../../../shared/contract/contract-jobs.ts';
import { libraryChannels } from '../../../shared/contract/contract-library.ts';
import { mapChannels } from '../../../shared/contract/contract-map.ts';
import { maskChannels } from '../../../shared/contract/contract-masks.ts';
import { runChannels } from '../../../shared/contract/contract-runs.ts';
import { systemChannels } from '../../../shared/contract/contract-system.ts';
import { weightsChannels } from '../../../shared/contract/contract-weights.ts';
import type { Handlers } from '../../../shared/contract/rpc-server.ts';
import type { EngineContext } from './context.ts';
import { duplicateHandlers } from './explore/duplicate-handlers.ts';
import { exploreHandlers } from './explore/explore-handlers.ts';
import { mapHandlers } from './explore/map-handlers.ts';
import { exportHandlers } from './export/export-handlers.ts';
import { libraryHandlers } from './folders/library-handlers.ts';
import { jobHandlers } from './job-handlers.ts';
import { maskHandlers } from './masks/mask-handlers.ts';
import { runHandlers } from './runs/run-handlers.ts';
import { Runs } from './runs/runs.ts';
import { systemHandlers } from './system-handlers.ts';
import { Thumbnails } from './thumbnails/thumbnails.ts';
import { weightsHandlers } from './weights/weights-handlers.ts';

export const engineContract = {
  ...systemChannels,
  ...jobChannels,
  ...libraryChannels,
  ...maskChannels,
  ...runChannels,
  ...exploreChannels,
  ...mapChannels,
  ...duplicateChannels,
  ...weightsChannels,
} as const;

export interface EngineHandlers {
  readonly table: Handlers<typeof engineContract>;
  /** Goes on with the runs that were under way when the engine before this one died. */
  resumeInterrupted(): void;
  dispose(): Promise<void>;
}

export function engineHandlers(context: EngineContext): EngineHandlers {
  const thumbnails = new Thumbnails(context.studio);
  const masks = maskHandlers(thumbnails);
  const runs = new Runs(context);
  const explore = exploreHandlers(context, runs);
  return {
    table: {
      ...systemHandlers(context, thumbnails),
      ...jobHandlers(context),
      ...libraryHandlers(context, thumbnails),
      ...masks.table,
      ...runHandlers(context, runs),
      ...explore.table,
      ...mapHandlers(context, runs),
      ...duplicateHandlers(context, runs),
      ...exportHandlers(context, runs),
      ...weightsHandlers(context, runs),
    },
    resumeInterrupted: () => runs.trainings.resumeInterrupted(),
    dispose: async () => {
      await Promise.all([thumbnails.dispose(), masks.dispose(), runs.dispose(), explore.dispose()]);
    },
  };
}
