// Pictures that were dropped or pasted: kept as they came, in memory only, and decoded as each run wants it.
import { randomInt } from 'node:crypto';
import { statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import type { TrainConfig } from '../../../../shared/config/config-table.ts';
import { defaultConfig } from '../../../../shared/config/config.ts';
import { preprocessingOf } from '../../../../shared/config/preprocessing.ts';
import { AppError, systemError } from '../../../../shared/errors.ts';
import { cachedShortSide } from '../../../images/cache-space.ts';
import type { DecodedImage } from '../../../images/decoder.ts';
import type { EmbeddingLayer } from '../../../jepa/embedding.ts';
import { readCheckpointHeader } from '../../../training/run-folder/checkpoint.ts';
import type { Studio } from '../../studio.ts';
import { embedPicture } from '../../vectors/search.ts';
import type { Query } from '../../vectors/search.ts';
import type { Aside } from '../aside.ts';

const mostUploads = 32;
const mostBytes = 256 * 2 ** 20;
/** Vectors of an upload that are remembered: one for each run that was asked. */
const mostVectors = 8;

interface Upload {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly hash: string;
  /** By what `encoderKey` says. */
  readonly vectors: Map<string, Float32Array>;
}

/** A checkpoint as its file is now, and a layer: a run that was deleted may have been trained again under the same name. */
function encoderKey(checkpoint: string, layer: EmbeddingLayer): string {
  const stats = statSync(checkpoint, { throwIfNoEntry: false });
  return JSON.stringify([checkpoint, stats?.mtimeMs, stats?.size, layer]);
}

export class Uploads {
  readonly #studio: Studio;
  readonly #aside: Aside;
  readonly #uploads = new Map<number, Upload>();
  /** Begins anywhere: a page that kept a number over a restart of the engine is told that the picture is gone, not shown another. */
  #ids = randomInt(2 ** 31 - 1_000_000);
  /** Checkpoint, layer and threads that the encoder was last made ready for. */
  #warmed = '';

  constructor(studio: Studio, aside: Aside) {
    this.#studio = studio;
    this.#aside = aside;
  }

  /** Decodes from a temporary file, since the decoders are other processes. Throws `bad-file`, `disk-full`. */
  async #decode({ name, bytes }: Pick<Upload, 'name' | 'bytes'>, config: TrainConfig, finer = 1): Promise<DecodedImage> {
    let folder: string | undefined;
    try {
      folder = await mkdtemp(join(tmpdir(), 'ijepa-upload-'));
      const extension = extname(name);
      const path = join(folder, `picture${/^\.\w{1,8}$/.test(extension) ? extension : ''}`);
      await writeFile(path, bytes, { mode: 0o600 });
      const settings = preprocessingOf(config);
      const result = await this.#studio.decoders.decode({ path, settings, shortSide: cachedShortSide(config.imageSize * finer) });
      if (!result.ok) throw new AppError('bad-file', `${name}: ${result.failure.message}`, 'Choose another image.');
      return result.image;
    } catch (error) {
      throw systemError(error) ?? error;
    } finally {
      if (folder !== undefined) await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    }
  }

  /** Keeps a picture; the oldest are dropped beyond 32 of them or 256 MiB. Throws `bad-file`. */
  async add(name: string, bytes: Uint8Array): Promise<{ readonly upload: number; readonly width: number; readonly height: number }> {
    const image = await this.#decode({ name, bytes }, defaultConfig);
    const { originalWidth: width, originalHeight: height, contentHash: hash } = image;
    const upload = ++this.#ids;
    this.#uploads.set(upload, { name, bytes, width, height, hash, vectors: new Map() });
    let held = [...this.#uploads.values()].reduce((sum, one) => sum + one.bytes.byteLength, 0);
    for (const [id, one] of this.#uploads) {
      if (id === upload || (this.#uploads.size <= mostUploads && held <= mostBytes)) break;
      this.#uploads.delete(id);
      held -= one.bytes.byteLength;
    }
    return { upload, width, height };
  }

  /**
   * Gets the encoder ready before a picture comes: to start its process and compile it takes seconds beside a run that trains, after
   * which a picture takes a tenth of one. What goes wrong is said when a picture needs it.
   */
  warm(checkpoint: string, layer: EmbeddingLayer): void {
    const key = `${encoderKey(checkpoint, layer)} ${this.#aside.threads}`;
    if (this.#warmed === key && this.#aside.hasPictures) return;
    this.#warmed = key;
    const { threads, pictures } = this.#aside;
    pictures.run({ kind: 'embed-pixels', checkpoint, layer, threads, images: [], device: 'cpu' }).catch(() => undefined);
  }

  /** A picture as the encoder of a checkpoint wants it, with `finer` times the pixels along a side. Throws `not-found` for one that was dropped. */
  async decoded(upload: number, checkpoint: string, finer = 1): Promise<DecodedImage> {
    return this.#decode(this.#held(upload), readCheckpointHeader(checkpoint).config, finer);
  }

  #held(upload: number): Upload {
    const kept = this.#uploads.get(upload);
    if (!kept) throw new AppError('not-found', 'This picture is no longer held.', 'Drop it again.');
    return kept;
  }

  /** A picture as a query: by its content where that has a vector, else embedded now. Throws `not-found` for one that was dropped. */
  async query(upload: number, checkpoint: string, layer: EmbeddingLayer, holds: (hash: string) => boolean): Promise<Query> {
    const kept = this.#held(upload);
    if (holds(kept.hash)) return { hash: kept.hash };
    const key = encoderKey(checkpoint, layer);
    let vector = kept.vectors.get(key);
    if (!vector) {
      const image = await this.#decode(kept, readCheckpointHeader(checkpoint).config);
      vector = await embedPicture(this.#aside.pictures, { checkpoint, layer, threads: this.#aside.threads }, image);
      if (kept.vectors.size >= mostVectors) kept.vectors.clear();
      kept.vectors.set(key, vector);
    }
    return { vector };
  }
}
