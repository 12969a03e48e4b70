// The fake engine's machine.
import type { systemChannels } from '../../shared/contract-system.ts';
import { AppError } from '../../shared/errors.ts';
import type { Handlers } from '../../shared/rpc-server.ts';

const GiB = 2 ** 30;
const folders: Readonly<Record<string, readonly string[]>> = {
  '/home/ada': ['Documents', 'plates', 'Pictures'],
  '/home/ada/plates': ['stained-cells-2025', 'stained-cells-2026', 'test'],
  '/home/ada/Documents': [],
  '/home/ada/Pictures': ['2024', '2025', '2026'],
  '/media/ada': ['archive'],
};

export function fakeSystem(): Handlers<typeof systemChannels> {
  let cache = 3.4 * GiB;
  return {
    'system.info': () => ({
      program: '0.1.0',
      home: '/home/ada/.ijepa-studio',
      platform: 'Linux x64',
      processor: 'AMD Ryzen 7 7840U',
      cores: 8,
      memoryTotal: 31.2 * GiB,
      memoryFree: 18.7 * GiB,
      versions: { node: '22.23.3', onnxruntime: '1.30.0', sqlite: '3.50.4', sharp: '0.35.5' },
      devices: [
        {
          id: 'cpu',
          name: 'Processor, 8 threads',
          used: true,
          reason: 'Passed the self-test: three steps match the reference to 6 digits.',
        },
        {
          id: 'webgpu',
          name: 'Radeon 780M (WebGPU)',
          used: false,
          reason: 'Training on it is not offered yet: it is slower than this processor.',
        },
      ],
    }),
    'system.selfTest': async () => {
      await new Promise((resolve) => setTimeout(resolve, 1200));
      return { passed: true, deviation: 3.1e-7, matmulRate: 276.4, runtime: '1.30.0' };
    },
    'system.storage': () => ({ home: '/home/ada/.ijepa-studio', cache, embeddings: 0.42 * GiB, runs: 5.9 * GiB, free: 212 * GiB }),
    'system.clearCache': () => {
      const freed = cache;
      cache = 0;
      return { freed };
    },
    'system.folders': ({ path, files }) => {
      if (path === undefined)
        return {
          path: '',
          parent: undefined,
          images: 0,
          files: [],
          folders: ['/home/ada', '/media/ada'].map((root) => ({ name: root, path: root })),
        };
      const names =
        folders[path] ??
        (Object.entries(folders).some(([parent, names]) => names.some((name) => `${parent}/${name}` === path)) ? [] : undefined);
      if (!names) throw new AppError('not-found', `This folder does not exist (${path}).`, 'Choose another one.');
      const parent = path.slice(0, path.lastIndexOf('/'));
      return {
        path,
        parent: parent in folders ? parent : '',
        images: names.length === 0 ? 10_000 : 0,
        files: files ? ['labels.csv', 'labels of 2025.csv'].map((name) => ({ name, path: `${path}/${name}` })) : [],
        folders: names.map((name) => ({ name, path: `${path}/${name}` })),
      };
    },
  };
}
