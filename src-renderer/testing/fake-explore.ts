// The fake engine's vectors and searches.
import type { EmbeddingSource, exploreChannels } from '../../shared/contract/contract-explore.ts';
import type { Handlers } from '../../shared/contract/rpc-server.ts';
import { AppError } from '../../shared/errors.ts';
import type { FakeJobs } from './fake-jobs.ts';
import { nearest } from './fake-search.ts';
import { featuresOf } from './synthetic-features.ts';
import { imageCount } from './synthetic-images.ts';

export const embedded = imageCount - 48;

export const sourcesOfAll: readonly EmbeddingSource[] = [
  { run: 'stained-cells-2', step: 6000, layer: 'last', dimension: 192, embedded: embedded - 312, images: embedded },
  { run: 'stained-cells-1', step: 12_000, layer: 'last', dimension: 192, embedded, images: embedded },
  { run: 'stained-cells-1', step: 12_000, layer: 'last4', dimension: 768, embedded, images: embedded },
  { run: 'small-trial', step: 800, layer: 'last', dimension: 192, embedded, images: embedded },
];

export function fakeExplore(start: readonly EmbeddingSource[], jobs: FakeJobs): Handlers<Omit<typeof exploreChannels, `export.${string}`>> {
  let sources = [...start];
  let uploads = 0;
  return {
    'explore.sources': ({ folder }) => (folder === 1 || folder === 9 ? sources : []),
    'explore.embed': ({ folder, run, layer }) => ({
      job: jobs.start({
        kind: 'embed',
        subject: 'stained-cells-2026',
        unit: 'images',
        total: embedded,
        start: sources.find((one) => one.run === run && one.layer === layer)?.embedded ?? 0,
        rate: 12_000,
        detail: 'Computing vectors',
        result: '99,952 images have a vector.',
        folder,
        run,
        onEnd: (state) => {
          if (state !== 'done') return;
          const whole: EmbeddingSource = { run, step: 12_000, layer, dimension: layer === 'last' ? 192 : 768, embedded, images: embedded };
          const known = sources.find((one) => one.run === run && one.layer === layer);
          sources = known ? sources.map((one) => (one === known ? { ...one, embedded } : one)) : [whole, ...sources];
        },
      }),
    }),
    'explore.search': async ({ run, step, layer, space, plus, minus, k, minScore, hideAbove }) => {
      const began = performance.now();
      const source = sources.find((one) => one.run === run && one.step === step && one.layer === layer);
      if (!source)
        throw new AppError('not-found', `There are no vectors of ${run} at step ${step}.`, 'Compute them, or choose other vectors.');
      await new Promise((resolve) => setTimeout(resolve, 10));
      return {
        source,
        ...nearest({ source, space, plus, minus, k, minScore: minScore ?? -1, hideAbove }),
        milliseconds: performance.now() - began,
      };
    },
    'explore.features': async ({ run, step, image, finer }) => {
      if (!sources.some((one) => one.run === run && one.step === step))
        throw new AppError('not-found', `There is no checkpoint of ${run} at step ${step}.`, 'Choose another one.');
      await new Promise((resolve) => setTimeout(resolve, 400));
      return featuresOf('image' in image ? image.image : 1000 + image.upload, finer);
    },
    'explore.upload': async ({ name, bytes }) => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      if (bytes.byteLength === 0 || /\.(txt|csv|pdf|zip)$/i.test(name))
        throw new AppError('bad-file', `${name}: this is not a picture.`, 'Choose another image.');
      return { upload: ++uploads, width: 1024, height: 768 };
    },
  };
}
