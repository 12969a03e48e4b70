// The engine: owns the catalogue, the decoders and the trainer. The terminal, the window and the browser are faces on it.
import { existsSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DecodeSettings } from '../../shared/config/preprocessing.ts';
import { AppError } from '../../shared/errors.ts';
import type { EvaluationImage } from '../evaluation/evaluation-image.ts';
import { isBelow } from '../files/is-below.ts';
import { cacheFolder } from '../images/cache-space.ts';
import { DecoderPool } from '../images/decoder-pool.ts';
import { defaultLimits } from '../images/decoder.ts';
import type { DecodeLimits } from '../images/decoder.ts';
import { folderOf, folders } from '../library/folders.ts';
import { hasLibrary, openLibrary } from '../library/library.ts';
import type { Library } from '../library/library.ts';
import { Trainer } from '../trainer/trainer.ts';
import { Devices } from './devices/devices.ts';
import { FolderImagesCache } from './folders/folder-images.ts';
import type { FolderImages } from './folders/folder-images.ts';
import { forgetChanged } from './folders/forget-changed.ts';
import { homeAt } from './home.ts';
import type { Home } from './home.ts';

export interface StudioOptions {
  readonly home?: string;
  /** Looking only: no writer's lock is taken, so that it works beside a running engine. */
  readonly readOnly?: boolean;
  readonly limits?: DecodeLimits;
  /** Scans follow no link that leaves both their folder and these; by default all are followed. */
  readonly within?: readonly string[];
}

export class Studio {
  readonly home: Home;
  readonly within: readonly string[] | undefined;
  readonly trainer = new Trainer();
  readonly devices: Devices;
  readonly #limits: DecodeLimits;
  #library: Library | undefined;
  #folderImages: FolderImagesCache | undefined;
  #decoders: DecoderPool | undefined;

  /** Opens the home, and creates it when there is none. Throws `locked` while another engine has it open for writing. */
  constructor({ home, readOnly = false, limits = defaultLimits, within }: StudioOptions = {}) {
    this.home = homeAt(home);
    this.devices = new Devices(this.home);
    this.#limits = limits;
    this.within = within;
    if (readOnly) return;
    mkdirSync(this.home.cache, { recursive: true });
    this.#library = openLibrary(this.home.path, 'write');
    forgetChanged(this.home, this.#library);
  }

  /** Opened when first needed where it is only looked at: a home may have runs and no catalogue, which is `not-found` then. */
  get library(): Library {
    this.#library ??= openLibrary(this.home.path, 'read');
    return this.#library;
  }

  get #images(): FolderImagesCache {
    this.#folderImages ??= new FolderImagesCache(this.library);
    return this.#folderImages;
  }

  /** Decoder processes, started when first needed. */
  get decoders(): DecoderPool {
    this.#decoders ??= new DecoderPool({ limits: this.#limits });
    return this.#decoders;
  }

  cacheFor(settings: DecodeSettings, shortSide: number): string {
    return cacheFolder(this.home.cache, shortSide, settings);
  }

  /**
   * Reads the images of a folder in pieces, so that others are answered meanwhile; what asks for them next is answered at once, until
   * the catalogue changes. Rejects with `no-images`, `not-found`.
   */
  async readImages(root: string): Promise<FolderImages> {
    return this.#images.read(root);
  }

  /** What is known of a folder's images; read on the spot when `readImages` has not. Throws `no-images`, `not-found`. */
  folderImages(root: string): FolderImages {
    return this.#images.of(root);
  }

  /** The different contents of a folder with labels; `val` counts as test, so that neither is trained on. Throws `no-images`, `not-found`. */
  images(root: string): readonly EvaluationImage[] {
    return this.folderImages(root).all.map((image) => ({ ...image, split: image.split === 'val' ? 'test' : image.split }));
  }

  fingerprint(root: string): string {
    return this.folderImages(root).fingerprint;
  }

  /** Paths of the catalogued folders: nothing is written in them. */
  get originals(): readonly string[] {
    return this.#library || hasLibrary(this.home.path) ? folders(this.library).map(({ path }) => path) : [];
  }

  /** The catalogued folder that a path lies in, unless it is catalogued itself. */
  partOf(root: string): string | undefined {
    const place = resolve(root);
    const around = folders(this.library).filter(({ path }) => isBelow(place, path));
    return around.some(({ path }) => path === place) ? undefined : around[0]?.path;
  }

  /** The catalogued folder at a path. Throws `not-found` with what to do. */
  folder(root: string): string {
    try {
      return folderOf(this.library, root).path;
    } catch (error) {
      if (error instanceof AppError && error.code === 'not-found') {
        const whole = this.partOf(root);
        if (whole !== undefined)
          throw new AppError(
            'not-found',
            `${root} was not scanned by itself, but as a part of ${whole}.`,
            `Give the whole folder: ${JSON.stringify(whole)}; or scan this one by itself: ijepa-studio scan ${JSON.stringify(root)}`,
            error,
          );
        const lost = existsSync(resolve(root)) ? folders(this.library).filter(({ path }) => !existsSync(path)) : [];
        const moved =
          lost.length === 1 ? `; if it is ${lost[0]!.path}, moved or renamed, add --moved-from ${JSON.stringify(lost[0]!.path)}` : '';
        throw new AppError(
          'not-found',
          `${root} has not been scanned.`,
          `Scan it first: ijepa-studio scan ${JSON.stringify(root)}${moved}`,
          error,
        );
      }
      throw error;
    }
  }

  /** Closes everything; the trainer may write a checkpoint for up to `graceMs`, and one that trains goes on until it has. */
  async dispose(graceMs?: number): Promise<void> {
    await Promise.all([this.#decoders?.dispose(), this.trainer.dispose(graceMs)]);
    this.#library?.dispose();
  }
}
