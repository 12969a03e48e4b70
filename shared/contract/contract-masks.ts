// What the masks hide, on the person's own image.
import * as v from 'valibot';
import { channel } from './channel.ts';
import { count, identity, settings } from './contract-values.ts';

export interface MaskSample {
  /** Patches along a side. */
  readonly grid: number;
  readonly imageSize: number;
  readonly patchSize: number;
  /** Patch indices in raster order, per image. */
  readonly context: readonly Int32Array[];
  readonly targets: readonly (readonly Int32Array[])[];
  /** Patches of every context. */
  readonly contextTokens: number;
  /** One crop of so many loses patches, the others are seen whole; 0: none loses any. */
  readonly maskedOneIn: number;
  /** Over 200 draws, on fine grids fewer: mean patches of a target block, and the share of the grid that the targets cover together. */
  readonly targetTokens: number;
  readonly targetCoverage: number;
  /** Settings that are known to fail, each with what to try. */
  readonly warnings: readonly { readonly message: string; readonly hint: string }[];
}

export interface TrainingCrop {
  readonly side: number;
  /** RGB, side × side × 3, as the encoder sees it before normalisation. */
  readonly pixels: Uint8Array;
}

export const maskChannels = {
  /** Masks of the first `images` images of a step. Throws `bad-config`. */
  'masks.sample': channel<MaskSample>()(
    v.strictObject({
      settings,
      seed: count(2 ** 32 - 1),
      step: count(100_000_000),
      images: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(64)),
    }),
  ),
  /**
   * The crop of an image that a step would train on; `whole`: the image as it is embedded instead of a random crop. `place`: of the
   * step's crops, in the order of `masks.sample`. Throws `bad-config`, `not-found`, `bad-file`.
   */
  'masks.crop': channel<TrainingCrop>()(
    v.strictObject({
      image: identity,
      settings,
      seed: count(2 ** 32 - 1),
      step: count(100_000_000),
      place: v.optional(count(100_000), 0),
      whole: v.boolean(),
    }),
  ),
} as const;
