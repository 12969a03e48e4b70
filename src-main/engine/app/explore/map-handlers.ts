// Answers of the channels about maps.
import { setImmediate as breathe } from 'node:timers/promises';
import type { CheckedInputOf } from '../../../../shared/contract/channel.ts';
import type { JobStarted } from '../../../../shared/contract/contract-jobs.ts';
import { noLabel } from '../../../../shared/contract/contract-map.ts';
import type { mapChannels, MapView } from '../../../../shared/contract/contract-map.ts';
import type { Handlers } from '../../../../shared/contract/rpc-server.ts';
import { inPieces } from '../../../files/in-pieces.ts';
import type { Pieces } from '../../../files/in-pieces.ts';
import { imagesOfContents } from '../../../library/content-images.ts';
import type { ContentImage } from '../../../library/content-images.ts';
import { displayName } from '../../../library/file-names.ts';
import { folderOf } from '../../../library/folders.ts';
import { checkpointOf } from '../../runs/runs.ts';
import { pieceImages } from '../../vectors/embedded-images.ts';
import { drawFolderMap, folderMap } from '../../vectors/folder-map.ts';
import type { FolderMap, MapSetup } from '../../vectors/folder-map.ts';
import type { EngineContext } from '../context.ts';
import type { Runs } from '../runs/runs.ts';
import { plural } from '../words.ts';

type MapSource = CheckedInputOf<(typeof mapChannels)['map.view']>;

const byName = new Intl.Collator('en');
/** Contents looked up at once: each takes some microseconds. */
const lookedUp = 500;

export function mapHandlers(context: EngineContext, { store, checkpoints }: Runs): Handlers<typeof mapChannels> {
  const { studio, jobs } = context;
  /** Jobs that draw, by what: who asks again while one does gets the same. */
  const drawing = new Map<string, Promise<JobStarted>>();

  const setupOf = ({ folder, run, step, layer, space }: MapSource): MapSetup => {
    const { path: root } = folderOf(studio.library, folder);
    return { checkpoint: checkpointOf(store.path(run), String(step)), root, layer, space };
  };

  const draw = async (input: MapSource): Promise<JobStarted> => {
    const setup = setupOf(input);
    const { folder, run, step, layer, space } = input;
    const held = await checkpoints.hold(run, String(step));
    const job = jobs.start('map', { subject: run, folder, run, map: { step, layer, space }, queue: 'map' }, async (handle) => {
      const count = await drawFolderMap(studio, setup, { signal: handle.signal, onShare: (share) => handle.progress({ share }) });
      return `${plural(count, 'image is', 'images are')} on the map.`;
    });
    held.until(job);
    return { job };
  };

  const drawOnce = async (input: MapSource): Promise<JobStarted> => {
    const key = JSON.stringify(input);
    const under = drawing.get(key);
    if (under) return under;
    const started = draw(input);
    drawing.set(key, started);
    const over = (): unknown => drawing.delete(key);
    started.then(async ({ job }) => jobs.wait(job)).then(over, over);
    return started;
  };

  return {
    'map.view': async (input) => {
      const map = await folderMap(studio, setupOf(input));
      return map ? inPieces(viewOf(map, await imagesByHash(input.folder, map))) : null;
    },
    'map.draw': drawOnce,
  };

  async function imagesByHash(folder: number, { images }: FolderMap): Promise<ReadonlyMap<string, ContentImage>> {
    const found = new Map<string, ContentImage>();
    for (let first = 0; first < images.length; first += lookedUp) {
      const hashes = images.slice(first, first + lookedUp).map(({ hash }) => hash);
      for (const [hash, image] of imagesOfContents(studio.library, folder, hashes)) found.set(hash, image);
      await breathe();
    }
    return found;
  }
}

/** What has gone from the folder since its images were read is left out. */
function* viewOf({ images, places, missing }: FolderMap, byHash: ReadonlyMap<string, ContentImage>): Pieces<MapView> {
  const ids = new Int32Array(images.length);
  const there = new Float32Array(2 * images.length);
  const numbers = new Map<string, number>();
  const named = new Uint16Array(images.length).fill(noLabel);
  let count = 0;
  for (const [i, { hash }] of images.entries()) {
    if (i % pieceImages === 0) yield;
    const image = byHash.get(hash);
    if (!image) continue;
    ids[count] = image.id;
    there[2 * count] = places[2 * i]!;
    there[2 * count + 1] = places[2 * i + 1]!;
    if (image.label !== null) {
      const known = numbers.get(image.label) ?? numbers.size;
      // A page could tell no more of them apart anyway.
      if (known < noLabel) numbers.set(image.label, (named[count] = known));
    }
    count++;
  }
  yield;
  const labels = [...numbers.keys()].map(displayName);
  const order = labels
    .keys()
    .toArray()
    .toSorted((a, b) => byName.compare(labels[a]!, labels[b]!));
  const placeOf = new Uint16Array(labels.length);
  order.forEach((number, place) => (placeOf[number] = place));
  yield;
  return {
    images: ids.slice(0, count),
    places: there.slice(0, 2 * count),
    labels: order.map((number) => labels[number]!),
    labelOf: named.slice(0, count).map((number) => (number === noLabel ? noLabel : placeOf[number]!)),
    missing,
  };
}
