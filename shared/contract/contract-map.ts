// A folder's images on a plane: what is alike lies together.
import * as v from 'valibot';
import { channel } from './channel.ts';
import type { JobStarted } from './contract-jobs.ts';
import { count, identity, layer, runName, space } from './contract-values.ts';

export interface MapView {
  /** Images of the folder; of those with the same content the first one. */
  readonly images: Int32Array;
  /** [images, 2] in a square from −1 to 1; the second number grows downwards. */
  readonly places: Float32Array;
  /** Different labels, by name. */
  readonly labels: readonly string[];
  /** For each image the place of its label in `labels`, or `noLabel`. */
  readonly labelOf: Uint16Array;
  /** Images with vectors that are not on it, because they were added since it was drawn. */
  readonly missing: number;
}

export const noLabel = 0xffff;

const source = { folder: identity, run: runName, step: count(1e12), layer, space } as const;

export const mapChannels = {
  /** The map as it was drawn, or `null` before that. Throws `not-found` for what has no vectors. */
  'map.view': channel<MapView | null>()(v.strictObject(source)),
  /** Draws it, from an earlier one where there is one: seconds for thousands of images, a minute for 100,000. */
  'map.draw': channel<JobStarted>()(v.strictObject(source)),
} as const;
