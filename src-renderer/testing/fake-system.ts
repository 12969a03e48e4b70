// The fake engine's machine.
import type { systemChannels } from '../../shared/contract/contract-system.ts';
import type { FileKind } from '../../shared/contract/file-kinds.ts';
import type { Handlers } from '../../shared/contract/rpc-server.ts';
import type { DeviceReport } from '../../shared/devices.ts';
import { AppError } from '../../shared/errors.ts';
import type { FakeJobs } from './fake-jobs.ts';
import { refuseArchive } from './fake-refusals.ts';

const GiB = 2 ** 30;
const tensorflowLibrary = 'https://storage.googleapis.com/tensorflow/libtensorflow/libtensorflow-gpu-linux-x86_64-2.9.1.tar.gz';
const tensorflowBinding = 'https://storage.googleapis.com/tf-builds/pre-built-binary/napi-v8/4.22.0/GPU-linux-4.22.0.tar.gz';
const folders: Readonly<Record<string, readonly string[]>> = {
  '/home/ada': ['Documents', 'Downloads', 'plates', 'Pictures'],
  '/home/ada/plates': ['stained-cells-2025', 'stained-cells-2026', 'test'],
  '/home/ada/Documents': [],
  '/home/ada/Downloads': [],
  '/home/ada/Pictures': ['2024', '2025', '2026'],
  '/media/ada': ['archive'],
};

const agrees = (deviation: string): string => `Three tiny steps agree with the float64 reference (deviation ${deviation}).`;
const knownDevices: readonly DeviceReport[] = [
  { id: 'cpu', state: 'ready', reason: 'It is always there.' },
  {
    id: 'webgpu',
    state: 'untested',
    reason: 'It is used once three tiny steps on it have agreed with the reference; the first run tests it.',
  },
];
const testedDevices: readonly DeviceReport[] = [
  { id: 'cpu', state: 'ready', reason: agrees('6.0e-8'), deviation: 6e-8, matmulRate: 276.4, runtime: 'onnxruntime 1.30.0' },
  {
    id: 'webgpu',
    state: 'ready',
    reason: agrees('1.1e-7'),
    deviation: 1.1e-7,
    matmulRate: 2140,
    runtime: 'onnxruntime 1.30.0',
    reduced: {
      precision: 'float16',
      works: true,
      reason: 'It computes in float16 too, with a deviation of 1.3e-3 (2e-2 is allowed).',
      matmulRate: 4310,
    },
  },
  {
    id: 'cuda',
    state: 'failed',
    reason:
      'CUDA could not be used. The training process was ended by SIGSEGV. Update the driver of the graphics card, then have it tested again: Settings, or ijepa-studio doctor.',
  },
];

const filesOf: Readonly<Record<FileKind, readonly string[]>> = {
  csv: ['labels.csv', 'labels of 2025.csv'],
  weights: ['IN1K-vit.h.14-300e.pth.tar'],
  archive: [
    'GPU-linux-4.22.0.tar.gz',
    'GPU-windows-4.22.0.zip',
    'libtensorflow-gpu-linux-x86_64-2.9.1 (1).tar.gz',
    'libtensorflow-gpu-linux-x86_64-2.9.1.tar.gz',
  ],
};

export function fakeSystem(jobs: FakeJobs): Handlers<typeof systemChannels> {
  let cache = 3.4 * GiB;
  let devices = knownDevices;
  let installed = false;
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
      cards: [{ name: 'NVIDIA GeForce RTX 4060', driver: '550.54.14', memory: 8 * GiB, memoryFree: 7.1 * GiB }],
      devices,
      tensorflow: {
        version: '2.9.1',
        licence:
          "TensorFlow and its binding for Node are under the Apache License 2.0. NVIDIA's driver, CUDA 11.2 and cuDNN 8.1, which they need for a card, are not part of them.",
        library: tensorflowLibrary,
        binding: tensorflowBinding,
        installed,
        space: 3e9,
        lacks: ['TensorFlow 2.9.1 needs cuDNN 8.1, which is not installed or not on the library path: libcudnn.so.8 is not found.'],
      },
      missingDriver: undefined,
    }),
    'system.usualTimes': () => ({
      times: [
        { preset: 'quick', pictures: 'small', seconds: 95 },
        { preset: 'quick', pictures: 'photographs', seconds: 2300 },
        { preset: 'default', pictures: 'small', seconds: 950 },
        { preset: 'default', pictures: 'photographs', seconds: 23_000 },
      ],
      atMost: true,
    }),
    'system.testDevices': async () => {
      await new Promise((resolve) => setTimeout(resolve, 1200));
      devices = testedDevices;
      return devices;
    },
    'system.installTensorflow': ({ library, binding }) => {
      refuseArchive(library, 'library', tensorflowLibrary);
      refuseArchive(binding, 'binding', tensorflowBinding);
      const cutOff = [library, binding].find((file) => file?.includes(' (1)'));
      return {
        job: jobs.start({
          kind: 'install',
          subject: 'TensorFlow 2.9.1',
          unit: 'megabytes',
          total: cutOff === undefined ? 432 : 118,
          rate: cutOff === undefined ? 24 : 400,
          detail: library === undefined ? 'Fetches the library.' : `Checks ${library.split('/').at(-1)}.`,
          result: 'TensorFlow 2.9.1 loads; test this computer to have it tried.',
          ...(cutOff !== undefined && {
            error: {
              code: 'bad-file',
              message: `${cutOff.split('/').at(-1)} is cut off: it was not downloaded or copied to its end.`,
              hint: `Choose ${tensorflowLibrary.split('/').at(-1)} from ${tensorflowLibrary}, as it was downloaded.`,
            },
          }),
          onEnd: (state) => void (installed ||= state === 'done'),
        }),
      };
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
        files: files ? filesOf[files].map((name) => ({ name, path: `${path}/${name}` })) : [],
        folders: names.map((name) => ({ name, path: `${path}/${name}` })),
      };
    },
  };
}
