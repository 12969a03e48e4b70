// Answers of the channels about masks and crops.
import { extname } from 'node:path';
import { parseConfig } from '../../../../shared/config/config.ts';
import { preprocessingOf } from '../../../../shared/config/preprocessing.ts';
import type { maskChannels, MaskSample } from '../../../../shared/contract/contract-masks.ts';
import type { Handlers } from '../../../../shared/contract/rpc-server.ts';
import { WorkerCalls } from '../../../files/worker-calls.ts';
import { cachedShortSide } from '../../../images/cache-space.ts';
import { NewestFirst } from '../thumbnails/newest-first.ts';
import type { Thumbnails } from '../thumbnails/thumbnails.ts';
import type { MaskRequest } from './mask-sample.ts';

export function maskHandlers(thumbnails: Thumbnails): { readonly table: Handlers<typeof maskChannels>; dispose(): Promise<void> } {
  const worker = new WorkerCalls<MaskRequest, MaskSample>(new URL(`./mask-worker${extname(import.meta.url)}`, import.meta.url));
  // A slider asks faster than masks are drawn.
  const drawing = new NewestFirst<MaskSample>(1);
  return {
    table: {
      'masks.sample': async ({ settings, seed, step, images }, { signal }) => {
        const request = { config: parseConfig(settings), seed, step, images };
        return drawing.run(JSON.stringify(request), async (stop) => worker.call(request, stop), signal);
      },
      'masks.crop': async ({ image, settings, seed, step, place, whole }, { signal }) => {
        const config = parseConfig(settings);
        const { imageSize: size, background, fit, cropScale, cropAspect, colourJitter, greyscale } = config;
        const flip = config.flip && config.masking !== 'paper-exact';
        const view = whole ? { fit } : { settings: { seed, cropScale, cropAspect, colourJitter, greyscale, flip }, step, place };
        const cut = { size, background, view };
        return { side: size, pixels: await thumbnails.crop(image, preprocessingOf(config), cachedShortSide(size), cut, signal) };
      },
    },
    dispose: async () => worker.dispose(),
  };
}
