// Answers of the channels about maps.
import { setImmediate as breathe } from 'node:timers/promises';
import type { CheckedInputOf } from '../../../../shared/contract/channel.ts';
import type { JobStarted } from '../../../../shared/contract/contract-jobs.ts';
import { noLabel } from '../../../../shared/contract/contract-map.ts';
import type { mapChannels, MapView } from '../../../../shared/contract/contract-map.ts';
import type { Handlers } from '../../../../shared/contract/rpc-server.ts';
import { imagesOfContents } from '../../../library/content-images.ts';
import type { ContentImage } from '../../../library/content-images.ts';
import { displayName } from '../../../library/file-names.ts';
import { folderOf } from '../../../library/folders.ts';
import { checkpointOf } from '../../runs/runs.ts';
import { drawFolderMap, folderMap } from '../../vectors/folder-map.ts';
import type { FolderMap, MapSetup } from '../../vectors/folder-map.ts';
import type { EngineContext } from '../context.ts';
import type { Runs } from '../runs/runs.ts';
import { plural } from '../words.ts';

type MapSource = CheckedInputOf<(typeof mapChannels)['map.view']>;

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
    const { folder, run, step } = input;
    const held = await checkpoints.hold(run, String(step));
    const job = jobs.start('map', { subject: run, folder, run }, async (handle) => {
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
      return map ? viewOf(map, await imagesByHash(input.folder, map)) : null;
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
function viewOf({ images, places, missing }: FolderMap, byHash: ReadonlyMap<string, ContentImage>): MapView {
  const there = images.flatMap(({ hash }, i) => (byHash.has(hash) ? [{ i, ...byHash.get(hash)! }] : []));
  const named = there.map(({ label }) => (label === null ? undefined : displayName(label)));
  const labels = [...new Set(named)].filter((label) => label !== undefined).toSorted((a, b) => a.localeCompare(b, 'en'));
  // A page could tell no more of them apart anyway.
  const numberOf = new Map(labels.slice(0, noLabel).map((label, i) => [label, i]));
  return {
    images: Int32Array.from(there, ({ id }) => id),
    places: Float32Array.from({ length: 2 * there.length }, (_, at) => places[2 * there[at >> 1]!.i + (at & 1)]!),
    labels: labels.slice(0, noLabel),
    labelOf: Uint16Array.from(named, (label) => (label === undefined ? noLabel : (numberOf.get(label) ?? noLabel))),
    missing,
  };
}
