// Published weights of which one is here and the others can be "fetched" in a minute.
import type { weightsChannels } from '../../shared/contract/contract-weights.ts';
import type { Handlers } from '../../shared/contract/rpc-server.ts';
import type { FakeJobs } from './fake-jobs.ts';

const models = [
  { name: 'ijepa_vith14_1k', what: 'ViT-H/14 at 224 px, 300 epochs of ImageNet-1k; 630 M parameters', bytes: 2.52e9 },
  { name: 'ijepa_vith14_22k', what: 'ViT-H/14 at 224 px, ImageNet-22k; 630 M parameters', bytes: 2.52e9 },
  {
    name: 'ijepa_vith16_1k',
    what: 'ViT-H/16 at 448 px, ImageNet-1k; 630 M parameters',
    bytes: 2.53e9,
    caution: 'No checksum of it is known to this program: its size is checked, and the checksum that the server states, if it states one.',
  },
  { name: 'ijepa_vitg16_22k', what: 'ViT-g/16 at 224 px, ImageNet-22k; 1.0 B parameters', bytes: 4.05e9 },
] as const;

export function fakeWeights(jobs: FakeJobs): Handlers<typeof weightsChannels> {
  const here = new Set<string>(['ijepa_vith14_22k']);
  return {
    'weights.models': () => ({
      licence: {
        name: 'CC-BY-NC 4.0',
        sentence: 'These weights may be used for non-commercial purposes only (CC-BY-NC 4.0), also in what is made from them.',
        address: 'https://creativecommons.org/licenses/by-nc/4.0/',
      },
      models: models.map((model) => ({ caution: undefined, ...model, here: here.has(model.name) })),
    }),
    'weights.fetch': ({ model }) => ({
      job: jobs.start({
        kind: 'weights',
        subject: model,
        unit: 'megabytes',
        total: 2520,
        rate: 60,
        detail: 'Fetches the files.',
        result: 'The target encoder embeds, as in the paper.',
        onEnd: (state) => void (state === 'done' && here.add(model)),
      }),
    }),
    'weights.import': ({ path, name }) => ({
      job: jobs.start({
        kind: 'import',
        subject: name ?? path.split('/').at(-1)!,
        unit: 'megabytes',
        total: 2520,
        rate: 300,
        detail: 'Reads the weights.',
        result: 'The target encoder embeds, as in the paper.',
      }),
    }),
  };
}
