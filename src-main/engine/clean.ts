// Gives back the disk space of what can be made again.
import { clearCaches } from '../images/cache-space.ts';
import type { Studio } from './studio.ts';

/** Deletes decoded pictures and optimised graphs and returns the bytes freed; the studio's lock keeps a scan or a run of another process out. */
export const cleanCache = (studio: Studio): number => clearCaches(studio.home.cache);
