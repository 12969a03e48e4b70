// Everything that a face can ask the engine for.
import { duplicateChannels } from './contract-duplicates.ts';
import { exploreChannels } from './contract-explore.ts';
import { jobChannels } from './contract-jobs.ts';
import { libraryChannels } from './contract-library.ts';
import { mapChannels } from './contract-map.ts';
import { maskChannels } from './contract-masks.ts';
import { runChannels } from './contract-runs.ts';
import { systemChannels } from './contract-system.ts';
import { weightsChannels } from './contract-weights.ts';

export const contract = {
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

export type AppContract = typeof contract;
