// The fake engine's maps: each kind of picture in a cloud of its own, colours near each other. One run has its map, the others can draw it.
import type { MapView, mapChannels } from '../../shared/contract/contract-map.ts';
import { noLabel } from '../../shared/contract/contract-map.ts';
import type { Handlers } from '../../shared/contract/rpc-server.ts';
import type { FakeJobs } from './fake-jobs.ts';
import { chance, gridImage, imageCount, lookOf, statusOf } from './synthetic-images.ts';

const shapes = ['circle', 'square', 'triangle', 'ring', 'star'];

/** Nearly normal, of variance 1. */
const bell = (image: number, purpose: number): number =>
  (chance(image, purpose) + chance(image, purpose + 1) + chance(image, purpose + 2) - 1.5) * 2;

function placeOf(image: number): readonly [number, number] {
  const { shape, hue, size, turn } = lookOf(image);
  const around = (hue / 180) * Math.PI + shapes.indexOf(shape) * 0.27;
  const out = 0.35 + 0.11 * shapes.indexOf(shape);
  const wide = 0.028 + 0.02 * size;
  return [
    out * Math.cos(around) + wide * bell(image, 20) + 0.02 * Math.sin(turn / 14),
    out * Math.sin(around) + wide * bell(image, 30) + 0.06 * (size - 0.6),
  ];
}

let made: MapView | undefined;

function wholeMap(): MapView {
  if (made) return made;
  const all = Array.from({ length: imageCount }, (_, i) => i + 1).filter((image) => statusOf(image) === 'ok');
  const labelOf = all.map((image) => gridImage(image).label);
  const labels = [...new Set(labelOf)].filter((label) => label !== null).toSorted();
  made = {
    images: Int32Array.from(all),
    places: Float32Array.from(all.flatMap((image) => placeOf(image))),
    labels,
    labelOf: Uint16Array.from(labelOf, (label) => (label === null ? noLabel : labels.indexOf(label))),
    missing: 0,
  };
  return made;
}

export function fakeMaps(jobs: FakeJobs): Handlers<typeof mapChannels> {
  const drawn = new Set(['stained-cells-1 last whitened', 'stained-cells-2 last whitened']);
  return {
    'map.view': async ({ run, layer, space }) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (!drawn.has(`${run} ${layer} ${space}`)) return null;
      return { ...wholeMap(), missing: run === 'stained-cells-2' ? 312 : 0 };
    },
    'map.draw': ({ folder, run, step, layer, space }) => ({
      job: jobs.start({
        kind: 'map',
        subject: run,
        unit: '',
        total: 100,
        rate: 40,
        detail: '',
        result: '99,952 images are on the map.',
        folder,
        run,
        map: { step, layer, space },
        onEnd: (state) => {
          if (state === 'done') drawn.add(`${run} ${layer} ${space}`);
        },
      }),
    }),
  };
}
