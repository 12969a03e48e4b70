// Answers of the channels about vectors and neighbours.
import { usualCloseness } from '../../../../shared/closer-look.ts';
import { gridSide } from '../../../../shared/config/config.ts';
import type { CheckedInputOf } from '../../../../shared/contract/channel.ts';
import type { exploreChannels, FeatureView, QueryImage, SearchResult } from '../../../../shared/contract/contract-explore.ts';
import type { Handlers } from '../../../../shared/contract/rpc-server.ts';
import { AppError } from '../../../../shared/errors.ts';
import type { EmbeddingLayer } from '../../../jepa/embedding.ts';
import { imagesOfContents } from '../../../library/content-images.ts';
import { displayName } from '../../../library/file-names.ts';
import { folderOf } from '../../../library/folders.ts';
import { imagePlace } from '../../../library/image-details.ts';
import type { VectorPlace } from '../../devices/vector-device.ts';
import { checkpointOf, configOf } from '../../runs/runs.ts';
import { embedFolder, madeOn } from '../../vectors/embeddings.ts';
import { decodeImageFor, pictureFeatures } from '../../vectors/features.ts';
import type { FolderSearch, Query } from '../../vectors/search.ts';
import type { EngineContext } from '../context.ts';
import { FolderContentsCache } from '../folders/folder-contents.ts';
import { scanFor } from '../folders/prepare-images.ts';
import { rateMeter } from '../rate.ts';
import type { Runs } from '../runs/runs.ts';
import { count, plural } from '../words.ts';
import { Searches } from './explore-searches.ts';
import { Sources } from './explore-sources.ts';
import { Uploads } from './explore-uploads.ts';

type Explore = Pick<typeof exploreChannels, 'explore.sources' | 'explore.embed' | 'explore.search' | 'explore.upload' | 'explore.features'>;

/** Embeds what is new in a folder, after a scan of it; what is embedded stays when it is cancelled. */
async function startEmbedding(
  { studio, jobs }: EngineContext,
  { store, aside, checkpoints, trainings }: Runs,
  { folder, run, checkpoint: which, layer, device = 'auto' }: CheckedInputOf<(typeof exploreChannels)['explore.embed']>,
): Promise<{ readonly job: number }> {
  const { path: root } = folderOf(studio.library, folder);
  const held = await checkpoints.hold(run, which);
  const job = jobs.start('embed', { subject: run, folder, run, queue: 'aside' }, async (handle) => {
    const checkpoint = await held.file();
    await scanFor(studio, root, configOf(checkpoint), handle);
    const stop = (): void => aside.jobs.control('stop');
    handle.signal.addEventListener('abort', stop);
    handle.progress({ done: 0, total: 0, unit: 'images', rate: 0 });
    const meter = rateMeter();
    try {
      const place: VectorPlace = {
        device,
        isCardTaken: () => trainings.hasCard,
        onStage: (stage) => handle.say(stage),
        onDevice: ({ reason }) => handle.say(`Computes the vectors on: ${reason}`),
      };
      const options = { checkpoint, root, layer, threads: aside.threads, trainer: aside.jobs, signal: handle.signal, ...place };
      const { added, skipped, devices } = await embedFolder(studio, options, ({ done, total }) =>
        handle.progress({ done, total, ...meter(done, total) }),
      );
      return `${plural(added, 'vector', 'vectors')} computed${madeOn(devices)}${skipped > 0 ? `, ${count(skipped)} could not be read` : ''}.`;
    } finally {
      handle.signal.removeEventListener('abort', stop);
      store.forget(run);
    }
  });
  held.until(job);
  return { job };
}

export interface ExploreHandlers {
  readonly table: Handlers<Explore>;
  dispose(): Promise<void>;
}

export function exploreHandlers(context: EngineContext, runs: Runs): ExploreHandlers {
  const { studio } = context;
  const { store } = runs;
  const contents = new FolderContentsCache(studio.library);
  const sources = new Sources(store);
  const searches = new Searches(studio, contents);
  const uploads = new Uploads(studio, runs.aside);
  runs.onRelease(async (run) => searches.release(store.path(run)));

  const queryOf = async (image: QueryImage, search: FolderSearch, checkpoint: string, layer: EmbeddingLayer): Promise<Query> => {
    if ('upload' in image) return uploads.query(image.upload, checkpoint, layer, (hash) => search.holds(hash));
    const { hash, path } = imagePlace(studio.library, image.image);
    if (hash === null || !search.holds(hash))
      throw new AppError('not-found', `${displayName(path)} has no vector yet.`, 'Compute the missing vectors.');
    return { hash };
  };

  const search: Handlers<Explore>['explore.search'] = async (input, { signal }): Promise<SearchResult> => {
    const began = performance.now();
    const { folder, run, step, layer, space, k, minScore, hideAbove } = input;
    const { path: root } = folderOf(studio.library, folder);
    const checkpoint = checkpointOf(store.path(run), String(step));
    return searches.use({ checkpoint, root, layer, space }, async (open) => {
      const plus = await Promise.all(input.plus.map(async (image) => queryOf(image, open, checkpoint, layer)));
      const minus = await Promise.all(input.minus.map(async (image) => queryOf(image, open, checkpoint, layer)));
      const limits = { ...(minScore !== undefined && { minScore }), ...(hideAbove !== undefined && { hideAbove }) };
      const { neighbours, hidden } = await open.find({ plus, minus, k, signal, ...limits });
      uploads.warm(checkpoint, layer);
      const images = imagesOfContents(
        studio.library,
        folder,
        neighbours.map(({ hash }) => hash),
      );
      return {
        source: { run, step, layer, dimension: open.dimension, embedded: open.size, images: (await contents.of(folder)).images },
        neighbours: neighbours.flatMap(({ rank, score, hash }) => {
          const image = images.get(hash);
          // Gone since the search was opened.
          if (!image) return [];
          const { id, path, label, width, height } = image;
          return [{ rank, score, image: id, path: displayName(path), label, width, height }];
        }),
        hidden,
        milliseconds: performance.now() - began,
      };
    });
  };

  const features: Handlers<Explore>['explore.features'] = async ({ folder, run, step, image, ...given }): Promise<FeatureView> => {
    const { path: root } = folderOf(studio.library, folder);
    const checkpoint = checkpointOf(store.path(run), String(step));
    const trained = gridSide(configOf(checkpoint));
    const { finer = usualCloseness(trained) } = given;
    const decoded =
      'upload' in image
        ? await uploads.decoded(image.upload, checkpoint, finer)
        : await decodeImageFor(studio, checkpoint, image.image, finer);
    const { threads, pictures: trainer } = runs.aside;
    const { pictures, fittedOn } = await pictureFeatures(studio, { checkpoint, root, threads, trainer, finer }, [decoded]);
    return { ...pictures[0]!, trained, fittedOn };
  };

  return {
    table: {
      'explore.sources': async ({ folder }) => {
        folderOf(studio.library, folder);
        return sources.of(folder, await contents.of(folder));
      },
      'explore.embed': async (input) => startEmbedding(context, runs, input),
      'explore.search': search,
      'explore.features': features,
      'explore.upload': async ({ name, bytes }) => uploads.add(name, bytes),
    },
    dispose: async () => searches.dispose(),
  };
}
