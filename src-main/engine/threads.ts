// How many threads compute.
import { availableParallelism } from 'node:os';

/** Threads of a run: as set, or one per core. */
export const threadsOf = (threads: number): number => threads || availableParallelism();
