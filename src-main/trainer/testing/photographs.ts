// Two hundred small photographs of ten classes in a decode cache: of CIFAR-10 where its archive is (bench/quality/folders.ts), else made up.
import { execFileSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Random } from '../../../shared/random.ts';
import type { EvaluationImage } from '../../evaluation/evaluation-image.ts';
import { DecodeCache } from '../../images/cache.ts';
import { decodeImage } from '../../images/decode.ts';
import type { CachedImage } from '../../images/shard-reader.ts';
import { plainDecoding as settings } from '../../images/testing/plain-decoding.ts';

const archive =
  process.env['IJEPA_CIFAR10'] ?? join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'data', 'cifar10-images.tar.gz');
/** Says in a test's name what it has trained on. */
export const photographs = existsSync(archive) ? 'photographs of CIFAR-10' : `made-up pictures (there is no ${archive})`;

interface Photograph extends CachedImage {
  readonly path: string;
  readonly hash: string;
}

const [classes, perClass, side] = [10, 20, 32];

async function unpacked(folder: string): Promise<readonly Photograph[]> {
  execFileSync('tar', ['xzf', archive, '-C', folder, '--wildcards', 'train/*/000?.jpg', 'train/*/001?.jpg']);
  const paths = globSync('train/*/*.jpg', { cwd: folder }).toSorted();
  return Promise.all(
    paths.map(async (path) => {
      const result = await decodeImage({ path: join(folder, path), settings, shortSide: side }, { maxPixels: 1e6, timeoutMs: 60_000 });
      if (!result.ok) throw new Error(`${path}: ${result.failure.message}`);
      return { ...result.image, path, hash: result.image.contentHash };
    }),
  );
}

/** Each class has a colour, each picture noise of its own over it. */
function madeUp(): readonly Photograph[] {
  return Array.from({ length: classes * perClass }, (_, i) => {
    const [label, random] = [i % classes, new Random(12, 'test', i)];
    const pixels = Uint8Array.from({ length: 3 * side ** 2 }, (__, at) => (random.word() >>> 25) + 12 * ((label + at) % 3) * label);
    return { path: `train/${label}/${i}.png`, hash: i.toString(16).padStart(64, '0'), width: side, height: side, pixels };
  });
}

/** Fills a cache with them, by way of an empty `folder`, and returns them as a catalogue would. */
export async function cachePhotographs(cache: string, folder: string): Promise<EvaluationImage[]> {
  const pictures = existsSync(archive) ? await unpacked(folder) : madeUp();
  const filled = new DecodeCache(cache, { access: 'write' });
  for (const { hash, width, height, pixels } of pictures) await filled.put(hash, { width, height, pixels });
  filled.dispose();
  return pictures.map(({ path, hash }) => ({ path, hash, label: basename(dirname(path)), split: undefined }));
}
