// A graphics card in software, for tests: the SwiftShader that comes with Chromium and Electron. Its driver is found through the
// environment, so it is only to be had in a process of its own.
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders = [process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? '/opt/electron-rig', '/usr/lib/chromium'];
const found =
  process.platform === 'linux'
    ? folders.find((folder) =>
        ['vk_swiftshader_icd.json', 'libvk_swiftshader.so', 'libvulkan.so.1'].every((file) => existsSync(join(folder, file))),
      )
    : undefined;

/** Why there is none; undefined where there is one. */
export const noSoftwareGpu = found === undefined ? 'skipped: neither Chromium nor an Electron with SwiftShader is installed' : undefined;

/** What a process needs in its environment to find it. */
export const softwareGpuEnvironment: Readonly<Record<string, string>> =
  found === undefined
    ? {}
    : {
        VK_ICD_FILENAMES: join(found, 'vk_swiftshader_icd.json'),
        LD_LIBRARY_PATH: found,
        XDG_RUNTIME_DIR: process.env['XDG_RUNTIME_DIR'] ?? tmpdir(),
      };
