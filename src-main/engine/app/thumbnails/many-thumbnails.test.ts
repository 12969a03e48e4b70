import { describe, expect, it } from 'vitest';
import type { GridPicture, Picture } from '../../../../shared/contract/contract-library.ts';
import { AppError } from '../../../../shared/errors.ts';
import { sendThumbnails } from './many-thumbnails.ts';

const picture = (image: number): Picture => ({ bytes: Uint8Array.of(image), type: 'image/jpeg', tag: `${image}` });
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function sent(images: readonly number[], thumbnail: (image: number) => Promise<Picture>, signal = new AbortController().signal) {
  const messages: (readonly GridPicture[])[] = [];
  await sendThumbnails({ thumbnail }, Int32Array.from(images), 128, signal, (pictures) => messages.push(pictures));
  return messages;
}
const imagesOf = (messages: readonly (readonly GridPicture[])[]): number[] => messages.flat().map(({ image }) => image);

describe('thumbnails of many images', () => {
  it('come no more after the call has failed', async () => {
    const messages: (readonly GridPicture[])[] = [];
    const thumbnail = async (image: number): Promise<Picture> => {
      if (image === 2) throw new TypeError('a fault');
      await wait(20);
      return picture(image);
    };
    const call = sendThumbnails({ thumbnail }, Int32Array.of(1, 2, 3), 128, new AbortController().signal, (some) => messages.push(some));
    await expect(call).rejects.toThrow('a fault');
    await wait(60);
    expect(messages).toEqual([]);
  });

  it('come in a few messages, a slow one after those that are ready', async () => {
    const messages = await sent([1, 2, 3], async (image) => {
      if (image === 2) await wait(60);
      return picture(image);
    });
    expect(messages.map((one) => imagesOf([one]).toSorted((a, b) => a - b))).toEqual([[1, 3], [2]]);
    expect(messages[1]![0]!.picture).toEqual({ bytes: Uint8Array.of(2), type: 'image/jpeg' });
  });

  it('are asked for from the last to the first, as what is asked for last is drawn first', async () => {
    const order: number[] = [];
    await sent([7, 8, 9], async (image) => {
      order.push(image);
      return picture(image);
    });
    expect(order).toEqual([9, 8, 7]);
  });

  it('are never more than a page can take in one task', async () => {
    const images = Array.from({ length: 300 }, (_, i) => i + 1);
    const messages = await sent(images, async (image) => picture(image));
    expect(imagesOf(messages).toSorted((a, b) => a - b)).toEqual(images);
    expect(Math.max(...messages.map((one) => one.length))).toBeLessThanOrEqual(60);
  });

  it('that are not to be had are null; a fault of the program is none of them', async () => {
    const bad = await sent([1, 2], async (image) => {
      if (image === 1) throw new AppError('bad-file', 'It is damaged.', 'Look at it.');
      return picture(image);
    });
    expect(bad.flat().find(({ image }) => image === 1)!.picture).toBeNull();
    await expect(
      sent([1], async () => {
        throw new TypeError('a fault');
      }),
    ).rejects.toThrow('a fault');
    await expect(
      sent([1], async () => {
        throw new AppError('cancelled', 'Given up.', '');
      }),
    ).rejects.toMatchObject({ code: 'cancelled' });
  });
});
