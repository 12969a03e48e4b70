// How many images an encoder is given at once where nothing is differentiated.
import type { DeviceId } from '../../../shared/devices.ts';
import { tokenCount } from '../../jepa/model.ts';
import type { ModelSize } from '../../jepa/model.ts';

const mostImages = 64;
/** Bytes of scores of one block that a graphics card is asked to hold: its graphs keep them. */
const mostScoreBytes = 2.5e8;

/** Bytes of the attention's scores of one block for an image. */
export const scoreBytes = (size: ModelSize): number => 4 * tokenCount(size) ** 2 * size.encoder.heads;

/**
 * Images per pass. On a processor hidden activations of about 3 MB, which stay in the cache (measured best for ViT-S/16); on a card as
 * many as its memory may hold.
 */
export function embeddingBatch(size: ModelSize, device: DeviceId = 'cpu'): number {
  const wanted = device === 'cpu' ? 3e6 / (4 * tokenCount(size) * size.encoder.hidden) : mostScoreBytes / scoreBytes(size);
  return Math.max(1, Math.min(mostImages, Math.round(wanted)));
}
