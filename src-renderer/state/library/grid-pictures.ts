// Pictures of the grid, a screen of them in a few messages: those in sight are asked for, those that went out of sight are given up, the
// latest are kept as addresses that hold the picture, which a page shows without a request.
import { SvelteMap } from 'svelte/reactivity';
import type { GridPicture } from '../../../shared/contract/contract-library.ts';
import type { AppContract } from '../../../shared/contract/contract.ts';
import type { RpcClient } from '../../../shared/contract/rpc-client.ts';
import type { ThumbnailSide } from '../../components/thumbnail-side.ts';

/** Characters of pictures that are kept: some ten thousand thumbnails of 128 pixels. */
const mostKept = 64 * 1024 * 1024;
/** Arguments of one call. */
const piece = 8192;

interface Asked {
  readonly images: Set<number>;
  readonly side: ThumbnailSide;
  readonly controller: AbortController;
}
interface Kept {
  /** Empty: there is no picture of this image. */
  readonly address: string;
  readonly round: number;
}

function addressOf({ bytes, type }: NonNullable<GridPicture['picture']>): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += piece) binary += String.fromCharCode(...bytes.subarray(at, at + piece));
  return `data:${type};base64,${btoa(binary)}`;
}

export class GridPictures {
  readonly #client: Pick<RpcClient<AppContract>, 'call'>;
  readonly #onError: (error: unknown) => void;
  readonly #most: number;
  /** The latest last. */
  readonly #kept = new SvelteMap<string, Kept>();
  readonly #asked = new Set<Asked>();
  #characters = 0;
  #round = 0;

  /** `onError`: what no picture can be told for, as an engine that ended. */
  constructor(client: Pick<RpcClient<AppContract>, 'call'>, onError: (error: unknown) => void, most = mostKept) {
    this.#client = client;
    this.#onError = onError;
    this.#most = most;
  }

  /** The address of a picture that is here; empty where there is none of the image, `undefined` until that is known. */
  get(image: number, side: ThumbnailSide): string | undefined {
    return this.#kept.get(`${image} ${side}`)?.address;
  }

  /** These are in sight, the most wanted first. */
  show(images: readonly number[], side: ThumbnailSide): void {
    const wanted = new Set(images);
    const coming = new Set<number>();
    for (const asked of this.#asked) {
      const still = asked.side === side ? [...asked.images].filter((image) => wanted.has(image)) : [];
      if (still.length === 0) {
        asked.controller.abort();
        this.#asked.delete(asked);
      }
      for (const image of still) coming.add(image);
    }
    const missing = [...wanted].filter((image) => !coming.has(image) && this.#kept.get(`${image} ${side}`)?.round !== this.#round);
    if (missing.length > 0) void this.#ask(missing, side);
  }

  /** Files may have changed: pictures are asked for again when they are next in sight, and shown until then. */
  renew(): void {
    this.#round++;
    this.giveUp();
  }

  /** Nothing is in sight any more. */
  giveUp(): void {
    for (const { controller } of this.#asked) controller.abort();
    this.#asked.clear();
  }

  async #ask(images: readonly number[], side: ThumbnailSide): Promise<void> {
    const asked: Asked = { images: new Set(images), side, controller: new AbortController() };
    const { signal } = asked.controller;
    const round = this.#round;
    this.#asked.add(asked);
    try {
      await this.#client.call(
        'library.thumbnails',
        { images: Int32Array.from(images), side },
        {
          signal,
          onEvent: (pictures) => {
            if (signal.aborted) return;
            for (const { image, picture } of pictures) {
              asked.images.delete(image);
              this.#keep(`${image} ${side}`, { address: picture ? addressOf(picture) : '', round });
            }
          },
        },
      );
    } catch (error) {
      if (!signal.aborted) this.#onError(error);
    } finally {
      this.#asked.delete(asked);
    }
  }

  #keep(key: string, kept: Kept): void {
    this.#forget(key);
    this.#kept.set(key, kept);
    this.#characters += kept.address.length;
    for (const oldest of this.#kept.keys()) {
      if (this.#characters <= this.#most) return;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#characters -= this.#kept.get(key)?.address.length ?? 0;
    this.#kept.delete(key);
  }
}
