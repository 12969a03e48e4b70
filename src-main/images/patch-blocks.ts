// Blocks of patches of many pictures from the decode cache, made ahead on threads so that an encoder does not wait for each in turn.
import { extname } from 'node:path';
import { WorkerCalls } from '../files/worker-calls.ts';
import type { DecodeCache } from './cache.ts';
import { blockThreads, worthThreads } from './cutting-threads.ts';
import type { PatchRequest } from './patch-worker.ts';
import { placeImage, targetOf } from './patches.ts';
import type { Looks, PatchBlock } from './patches.ts';

/** Blocks that are made while one is in use. */
const ahead = 2;
/** Milliseconds after which threads that nobody asks are ended. */
const idleMs = 5000;

/** The threads of this process; an encoder waits meanwhile, so that they may have all cores. */
let threads: readonly WorkerCalls<PatchRequest, readonly number[]>[] = [];
let users = 0;
let ending: NodeJS.Timeout | undefined;

function take(): typeof threads {
  clearTimeout(ending);
  users++;
  if (threads.length === 0) {
    const entry = new URL(`./patch-worker${extname(import.meta.url)}`, import.meta.url);
    threads = Array.from({ length: blockThreads }, () => new WorkerCalls(entry));
  }
  return threads;
}

function letGo(): void {
  if (--users > 0) return;
  for (const one of threads) if (one.isStarted) one.call('close').catch(() => {});
  ending = setTimeout(() => {
    const idle = threads;
    threads = [];
    for (const one of idle) void one.dispose();
  }, idleMs);
  ending.unref();
}

/** Moves the patches of what could be read together; `missing` are places of the block, ascending. */
function compact(patches: Float32Array, count: number, perImage: number, missing: readonly number[]): number[] {
  const lost = new Set(missing);
  const places = Array.from({ length: count }, (_, i) => i).filter((i) => !lost.has(i));
  for (const [to, from] of places.entries()) if (to !== from) patches.copyWithin(to * perImage, from * perImage, (from + 1) * perImage);
  return places;
}

async function* onThreads(cache: DecodeCache, hashes: readonly string[], batch: number, looks: Looks): AsyncGenerator<PatchBlock> {
  const perImage = looks.preprocessing.imageSize ** 2 * 3;
  const slots = Array.from({ length: ahead + 1 }, () => new Float32Array(new SharedArrayBuffer(4 * batch * perImage)));
  const blocks = Math.ceil(hashes.length / batch);
  const helpers = take();
  const make = async (block: number): Promise<readonly number[]> => {
    const wanted = hashes.slice(block * batch, (block + 1) * batch);
    const share = Math.ceil(wanted.length / helpers.length);
    const parts = await Promise.all(
      helpers.map(async (helper, i) => {
        const part = wanted.slice(i * share, (i + 1) * share);
        if (part.length === 0) return [];
        const out = slots[block % slots.length]!.subarray(i * share * perImage, (i * share + part.length) * perImage);
        const missing = await helper.call({ folder: cache.folder, entries: part.map((hash) => cache.entry(hash)), ...looks, out });
        return missing.map((place) => i * share + place);
      }),
    );
    return parts.flat();
  };
  const made = new Map<number, Promise<readonly number[]>>();
  try {
    for (let block = 0; block < blocks; block++) {
      for (let next = block; next <= Math.min(block + ahead, blocks - 1); next++) {
        if (made.has(next)) continue;
        const making = make(next);
        making.catch(() => {});
        made.set(next, making);
      }
      const missing = await made.get(block)!;
      made.delete(block);
      const patches = slots[block % slots.length]!;
      const places = compact(patches, Math.min(batch, hashes.length - block * batch), perImage, missing);
      if (places.length > 0)
        yield { places: places.map((place) => block * batch + place), patches: patches.subarray(0, places.length * perImage) };
    }
  } finally {
    await Promise.allSettled(made.values());
    letGo();
  }
}

async function* here(cache: DecodeCache, hashes: readonly string[], batch: number, looks: Looks): AsyncGenerator<PatchBlock> {
  const { view, preprocessing, patchSize } = looks;
  const target = targetOf(preprocessing, patchSize);
  const perImage = target.size ** 2 * 3;
  const out = new Float32Array(Math.min(batch, hashes.length) * perImage);
  for (let first = 0; first < hashes.length; first += batch) {
    const places: number[] = [];
    for (let place = first; place < Math.min(first + batch, hashes.length); place++) {
      const image = await cache.get(hashes[place]!);
      if (!image) continue;
      const at = places.length * perImage;
      placeImage(image, view, preprocessing, target, out.subarray(at, at + perImage));
      places.push(place);
    }
    if (places.length > 0) yield { places, patches: out.subarray(0, places.length * perImage) };
  }
}

/**
 * Patches of contents in order, up to `batch` at a time in an array that is reused, with their places in `hashes`. A content that the
 * cache lacks, or holds damaged, is left out: its place comes never.
 */
export function patchBlocks(cache: DecodeCache, hashes: readonly string[], batch: number, looks: Looks): AsyncGenerator<PatchBlock> {
  return hashes.length < worthThreads ? here(cache, hashes, batch, looks) : onThreads(cache, hashes, batch, looks);
}
