// What a bare machine gets, as data.
import { allowedPackages } from '../../shared/layers.ts';
import type { TargetSystem } from './needed-packages.ts';

/** Of the machines that are lent. */
export const target: TargetSystem = { os: 'linux', cpu: 'x64', libc: 'glibc' };

const isOfWindow = ([, rooms]: readonly [string, readonly string[]]): boolean => rooms.every((room) => room === 'src-main/app');

/** Dependencies that nothing needs there. */
export const leftOut: ReadonlySet<string> = new Set([
  // What only the window loads.
  ...Object.entries(allowedPackages)
    .filter(isOfWindow)
    .map(([name]) => name),
  // 82 MB of pictures for the demo, and the letters under the pictures of a sheet.
  'emoji-datasource-google',
  'dejavu-fonts-ttf',
  // Without its native part, which is fetched from where no machine of ours comes, it is nothing.
  '@tensorflow/tfjs-node-gpu',
]);

/** Packages of Debian with what finds a card's Vulkan driver, which no driver brings. */
export const vulkanPackages = ['libvulkan1', 'libegl1', 'libglvnd0', 'libopengl0', 'libgl1', 'libglx0', 'libgles2'] as const;

/** Bytes that may travel, the working tree included. */
export const mostBytes = 64 * 2 ** 20;

/** Pictures of each class. */
export const picturesOfEach = 100;

/** Words for xz. The first filter is for machine code of this processor: 4 % less. */
export const compression = {
  code: ['--x86', '--lzma2=preset=9e,dict=64MiB'],
  other: ['-9e'],
} as const;
