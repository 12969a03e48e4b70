import { describe, expect, it } from 'vitest';
import type { GridPicture } from '../../../shared/contract/contract-library.ts';
import { AppError } from '../../../shared/errors.ts';
import { GridPictures } from './grid-pictures.ts';

interface Call {
  readonly images: readonly number[];
  readonly signal: AbortSignal;
  readonly send: (...pictures: readonly GridPicture[]) => void;
  readonly end: (error?: unknown) => Promise<void>;
}

/** Pictures over calls that the test answers. */
function shown(most?: number) {
  const calls: Call[] = [];
  const errors: unknown[] = [];
  const call = ((
    _channel: string,
    { images }: { images: Int32Array },
    options: { signal: AbortSignal; onEvent: (event: unknown) => void },
  ) =>
    new Promise<void>((resolve, reject) => {
      calls.push({
        images: [...images],
        signal: options.signal,
        send: (...pictures) => options.onEvent(pictures),
        end: async (error) => {
          if (error === undefined) resolve();
          else reject(error as Error);
          await new Promise((next) => setTimeout(next));
        },
      });
    })) as unknown as ConstructorParameters<typeof GridPictures>[0]['call'];
  return { pictures: new GridPictures({ call }, (error) => errors.push(error), most), calls, errors };
}
const jpeg = (image: number, ...bytes: number[]): GridPicture => ({
  image,
  picture: { bytes: Uint8Array.from(bytes), type: 'image/jpeg' },
});

describe('the pictures of the grid', () => {
  it('are asked for once, in the order given, and are addresses that hold the bytes', async () => {
    const { pictures, calls } = shown();
    pictures.show([5, 6, 5, 4], 128);
    pictures.show([6, 4], 128);
    expect(calls.map(({ images }) => images)).toEqual([[5, 6, 4]]);
    calls[0]!.send(jpeg(6, 0, 255, 128), { image: 4, picture: null });
    expect(pictures.get(6, 128)).toBe('data:image/jpeg;base64,AP+A');
    expect(pictures.get(4, 128)).toBe('');
    expect([pictures.get(5, 128), pictures.get(6, 256)]).toEqual([undefined, undefined]);
    await calls[0]!.end();
    pictures.show([6, 4], 128);
    expect(calls).toHaveLength(1);
  });

  it('hold as many bytes as a picture of 512 pixels may have', () => {
    const { pictures, calls } = shown();
    pictures.show([1], 512);
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i % 256);
    calls[0]!.send({ image: 1, picture: { bytes, type: 'image/jpeg' } });
    const [, text] = pictures.get(1, 512)!.split(',');
    expect(Buffer.from(text!, 'base64').equals(Buffer.from(bytes))).toBe(true);
  });

  it('that went out of sight are given up, unless others of the same call are still wanted', () => {
    const { pictures, calls } = shown();
    pictures.show([1, 2], 128);
    pictures.show([2, 3], 128);
    expect(calls.map(({ images }) => images)).toEqual([[1, 2], [3]]);
    expect(calls[0]!.signal.aborted).toBe(false);
    pictures.show([3], 128);
    expect(calls.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    calls[0]!.send(jpeg(2, 1));
    expect(pictures.get(2, 128)).toBeUndefined();
    // Another size of cell.
    pictures.show([3], 256);
    expect(calls.map(({ images, signal }) => [images, signal.aborted])).toEqual([
      [[1, 2], true],
      [[3], true],
      [[3], false],
    ]);
    pictures.giveUp();
    expect(calls[2]!.signal.aborted).toBe(true);
  });

  it('of files that may have changed are shown until the new ones are there', () => {
    const { pictures, calls } = shown();
    pictures.show([1, 2], 64);
    calls[0]!.send(jpeg(1, 1));
    pictures.renew();
    expect(calls[0]!.signal.aborted).toBe(true);
    const old = pictures.get(1, 64);
    expect(old).toBeDefined();
    pictures.show([1, 2], 64);
    expect(calls[1]!.images).toEqual([1, 2]);
    expect(pictures.get(1, 64)).toBe(old);
    calls[1]!.send(jpeg(1, 2));
    expect(pictures.get(1, 64)).not.toBe(old);
  });

  it('are asked for again after an error, which is told, and not after what was given up', async () => {
    const { pictures, calls, errors } = shown();
    pictures.show([1], 64);
    await calls[0]!.end(new AppError('engine-crashed', 'It ended.', 'Wait.'));
    expect(errors).toHaveLength(1);
    pictures.show([1], 64);
    expect(calls).toHaveLength(2);
    pictures.show([2], 64);
    await calls[1]!.end(new AppError('cancelled', 'Given up.', ''));
    expect(errors).toHaveLength(1);
  });

  it('are kept up to a limit, the latest ones', () => {
    const { pictures, calls } = shown(60);
    pictures.show([1, 2, 3], 64);
    // 23 characters before the picture, four for three bytes.
    for (const image of [1, 2, 3]) calls[0]!.send(jpeg(image, 1, 2, 3));
    expect([1, 2, 3].map((image) => pictures.get(image, 64) !== undefined)).toEqual([false, true, true]);
    calls[0]!.send(jpeg(3, 1, 2, 3));
    expect([2, 3].map((image) => pictures.get(image, 64) !== undefined)).toEqual([true, true]);
  });
});
