// Thumbnails for a whole screen in a few messages: a browser spends more on each request of its own than the engine on its picture.
import type { GridPicture } from '../../../../shared/contract/contract-library.ts';
import { AppError } from '../../../../shared/errors.ts';
import type { Thumbnails } from './thumbnails.ts';

/** Milliseconds that a picture which is ready waits for others. */
const together = 8;
/** Pictures of a message: more make a long task of the page. */
const mostTogether = 60;

/**
 * Gives `emit` the thumbnails of `images`, the first ones first, as they are ready; `null` for one that is not to be had.
 * Throws `cancelled` after `signal`.
 */
export async function sendThumbnails(
  thumbnails: Pick<Thumbnails, 'thumbnail'>,
  images: Int32Array,
  side: number,
  signal: AbortSignal,
  emit: (pictures: readonly GridPicture[]) => void,
): Promise<void> {
  let ready: GridPicture[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let over = false;
  const send = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (ready.length > 0) emit(ready);
    ready = [];
  };
  const draw = async (image: number): Promise<void> => {
    let picture: GridPicture['picture'] = null;
    try {
      const { bytes, type } = await thumbnails.thumbnail(image, side, signal);
      picture = { bytes, type };
    } catch (error) {
      if (!(error instanceof AppError) || error.code === 'cancelled') throw error;
    }
    // The others of a call that has failed come to their end too.
    if (over) return;
    ready.push({ image, picture });
    if (ready.length >= mostTogether) send();
    else timer ??= setTimeout(send, together);
  };
  try {
    // What was asked for last is drawn first.
    await Promise.all(Array.from(images.toReversed(), draw));
    send();
  } finally {
    over = true;
    clearTimeout(timer);
  }
}
