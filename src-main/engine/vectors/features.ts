// What the encoder of a checkpoint sees in pictures, in colours that are fitted on images of a folder.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { preprocessingOf } from '../../../shared/config/preprocessing.ts';
import { AppError, systemError } from '../../../shared/errors.ts';
import { cachedShortSide } from '../../images/cache-space.ts';
import type { DecodedImage, DecodeRequest, DecodeResult } from '../../images/decoder.ts';
import { decodeFile } from '../../library/decode-file.ts';
import { displayName } from '../../library/file-names.ts';
import { imagePlace } from '../../library/image-details.ts';
import type { FeaturePicture } from '../../trainer/protocol.ts';
import type { Trainer } from '../../trainer/trainer.ts';
import { readCheckpointHeader } from '../../training/run-folder/checkpoint.ts';
import type { Studio } from '../studio.ts';
import { threadsOf } from '../threads.ts';

export interface FeaturesSetup {
  readonly checkpoint: string;
  /** Folder whose images give the colours their meaning. */
  readonly root: string;
  /** 0: one per core. */
  readonly threads: number;
  /** Times as many pixels and patches along a side as the encoder was trained on: the same picture, looked at closer. */
  readonly finer?: number;
  /** By default the one that trains. */
  readonly trainer?: Trainer;
}

export interface Features {
  readonly pictures: readonly FeaturePicture[];
  /** Images that the colours were fitted on. */
  readonly fittedOn: number;
}

/** More contents than are needed, since the cache may lack some. */
const mostOffered = 256;

/** Features of decoded pictures. Throws `no-images` when none of the folder's images is in the decode cache, `bad-checkpoint`. */
export async function pictureFeatures(
  studio: Studio,
  { checkpoint, root, threads, finer = 1, trainer = studio.trainer }: FeaturesSetup,
  images: readonly Pick<DecodedImage, 'width' | 'height' | 'pixels'>[],
): Promise<Features> {
  const { config } = readCheckpointHeader(checkpoint);
  const shortSide = cachedShortSide(config.imageSize);
  const cache = { folder: studio.cacheFor(preprocessingOf(config), shortSide), shortSide };
  // By content, so that they are a fair choice of the folder and the same at every call.
  const hashes = new Set((await studio.readImages(root)).all.map(({ hash }) => hash));
  return trainer.run({
    kind: 'features',
    checkpoint,
    cache,
    fitOn: [...hashes].toSorted().slice(0, mostOffered),
    images: images.map(({ width, height, pixels }) => ({ width, height, pixels })),
    finer,
    threads: threadsOf(threads),
    device: 'cpu',
  });
}

const asked = ({ config }: ReturnType<typeof readCheckpointHeader>, finer: number): Omit<DecodeRequest, 'path'> => ({
  settings: preprocessingOf(config),
  shortSide: cachedShortSide(config.imageSize * finer),
});

function decoded(result: DecodeResult, name: string): DecodedImage {
  if (!result.ok) throw new AppError('bad-file', `${name}: ${result.failure.message}`, 'Choose another image.');
  return result.image;
}

/** A file as the encoder of a checkpoint wants it decoded. Throws `not-found`, `bad-file`. */
export async function decodeFor(studio: Studio, checkpoint: string, file: string, finer = 1): Promise<DecodedImage> {
  if (!existsSync(file)) throw new AppError('not-found', `There is no file ${file}.`, 'Check the path of the image.');
  return decoded(await studio.decoders.decode({ path: resolve(file), ...asked(readCheckpointHeader(checkpoint), finer) }), file);
}

/** The same of an image of the library. Throws `not-found`, `bad-file`. */
export async function decodeImageFor(studio: Studio, checkpoint: string, image: number, finer = 1): Promise<DecodedImage> {
  const { root, path } = imagePlace(studio.library, image);
  try {
    return decoded(await decodeFile(studio.decoders, root, path, asked(readCheckpointHeader(checkpoint), finer)), displayName(path));
  } catch (error) {
    throw systemError(error) ?? error;
  }
}
